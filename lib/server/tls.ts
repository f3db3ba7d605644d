import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from '../model/errors.ts'

/** PEM: who signs the other side, who we are. */
export interface Certificates {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
}

/** A folder as DOCKER_CERT_PATH names one: ca.pem, cert.pem, key.pem. Throws TLS_UNREADABLE. */
export function certificatesIn(folder: string): Certificates {
  const certificate = (pem: Buffer) => new X509Certificate(pem)
  const ca = read(join(folder, 'ca.pem'), certificate)
  const cert = read(join(folder, 'cert.pem'), certificate)
  const key = read(join(folder, 'key.pem'), (pem) => {
    if (!certificate(cert).checkPrivateKey(createPrivateKey(pem))) throw new Error('it is not the key of cert.pem')
  })
  return { ca, cert, key }
}

/** `check` throws where it is something else: OpenSSL does not name the file, and takes a CA that is none for a CA of nobody. */
function read(path: string, check: (pem: Buffer) => unknown): Buffer {
  try {
    const pem = readFileSync(path)
    check(pem)
    return pem
  } catch (error) {
    throw fault('TLS_UNREADABLE', { path, reason: (error as Error).message }, error)
  }
}
