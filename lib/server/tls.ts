import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from '../model/errors.ts'

/** PEM: who signs the other side, who we are. */
export interface Certificates {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
}

/** A folder as DOCKER_CERT_PATH names one: ca.pem, cert.pem, key.pem. */
export const certificatesIn = (folder: string): Certificates => ({
  ca: read(join(folder, 'ca.pem')),
  cert: read(join(folder, 'cert.pem')),
  key: read(join(folder, 'key.pem')),
})

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw fault('TLS_UNREADABLE', { path, reason: (error as Error).message }, error)
  }
}
