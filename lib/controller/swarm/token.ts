import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fault } from '../../model/errors.ts'
import { base36, type EngineTls, type Swarm } from '../../model/swarm.ts'

/** What admits a node, in Docker's form: which swarm it is for, and a secret of it. */
export interface Token {
  readonly fingerprint: string
  readonly secret: string
}

export const formatToken = ({ fingerprint, secret }: Token): string => `SWMTKN-1-${fingerprint}-${secret}`

/** Throws SWARM_TOKEN. */
export function parseToken(text: string): Token {
  const [, fingerprint, secret] = /^SWMTKN-1-([0-9a-z]{50})-([0-9a-z]{25})$/.exec(text) ?? []
  if (fingerprint === undefined || secret === undefined) throw fault('SWARM_TOKEN', {})
  return { fingerprint, secret }
}

export const newSecret = (): string => base36(randomBytes(16), 25)

const digest = (data: string | Uint8Array): string => base36(createHash('sha256').update(data).digest(), 50)

/** Of the CA that a node trusts for the engine: who is asked to join another swarm than the token is for finds out by it. */
export function fingerprintOf({ id }: Pick<Swarm, 'id'>, tls: EngineTls | undefined): string {
  if (!tls) return digest(id)
  try {
    return digest(new X509Certificate(readFileSync(tls.ca)).raw)
  } catch (error) {
    throw fault('ENGINE_TLS', { reason: `${tls.ca}: ${(error as Error).message}` }, error)
  }
}

/** Throws SWARM_FINGERPRINT, SWARM_TOKEN. */
export function checkToken({ fingerprint, secret }: Token, swarm: Swarm, tls: EngineTls | undefined): void {
  const found = fingerprintOf(swarm, tls)
  if (fingerprint !== found) throw fault('SWARM_FINGERPRINT', { expected: fingerprint, found })
  if (secret !== swarm.secret) throw fault('SWARM_TOKEN', {})
}
