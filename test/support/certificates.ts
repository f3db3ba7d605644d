import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from './run.ts'

/** Paths of PEM files: who signs the other side, who we are. */
export interface Certificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** What is issued: the folder has these files as DOCKER_CERT_PATH wants them, ca.pem, cert.pem and key.pem. */
export interface Issued extends Certificates {
  readonly folder: string
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** A certificate authority that ends with the test; its certificates are good as a server at their addresses and as a client. */
export class Authority implements Disposable {
  readonly ca: string
  readonly #folder: string

  /** In a new folder, or one of a host's. */
  constructor(folder = mkdtempSync(join(tmpdir(), 'cnm-ca-'))) {
    this.#folder = folder
    this.ca = join(folder, 'ca.pem')
    mkdirSync(folder, { recursive: true })
    must(['openssl', 'req', '-x509', ...KEY, '-days', '1', '-subj', '/CN=test', '-keyout', join(folder, 'ca.key'), '-out', this.ca])
  }

  issue(name: string, addresses: readonly string[] = ['127.0.0.1']): Issued {
    const folder = join(this.#folder, name)
    const at = (file: string) => join(folder, file)
    mkdirSync(folder)
    copyFileSync(this.ca, at('ca.pem'))
    const names = addresses.map((address) => `IP:${address}`).join(',')
    writeFileSync(at('extensions'), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`)
    must(['openssl', 'req', ...KEY, '-subj', `/CN=${name}`, '-keyout', at('key.pem'), '-out', at('request')])
    const signer = ['-CA', this.ca, '-CAkey', join(this.#folder, 'ca.key'), '-CAcreateserial']
    must(['openssl', 'x509', '-req', '-in', at('request'), ...signer, '-days', '1', '-extfile', at('extensions'), '-out', at('cert.pem')])
    return { folder, ca: this.ca, cert: at('cert.pem'), key: at('key.pem') }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
