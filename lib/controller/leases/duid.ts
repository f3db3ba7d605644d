import { randomBytes } from 'node:crypto'
import type { Store } from '../../store/store.ts'

/** By what servers of DHCPv6 know this host as long as it has its state directory: a UUID (RFC 6355), in hex. */
export const duidIn =
  ({ identity }: Store) =>
  (): string => {
    const known = identity.get('duid')
    if (typeof known === 'string') return known
    const duid = `0004${randomBytes(16).toString('hex')}`
    identity.put('duid', duid)
    return duid
  }
