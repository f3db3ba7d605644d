import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificates } from './etcd.ts'
import { must } from './run.ts'

/** A certificate authority that ends with the test; its certificates are good for 127.0.0.1, as a server and as a client. */
export class Authority implements Disposable {
  readonly ca: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'cnm-ca-'))

  constructor() {
    this.ca = join(this.#folder, 'ca.pem')
    must([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=test',
      ...this.#to('ca'),
    ])
  }

  issue(name: string): Certificates {
    const file = (kind: string) => join(this.#folder, `${name}.${kind}`)
    writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n')
    must([
      'openssl',
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file('key'),
      '-out',
      file('csr'),
    ])
    const ca = ['-CA', this.ca, '-CAkey', join(this.#folder, 'ca.key'), '-CAcreateserial']
    must(['openssl', 'x509', '-req', '-in', file('csr'), ...ca, '-days', '1', '-extfile', file('ext'), '-out', file('pem')])
    return { ca: this.ca, cert: file('pem'), key: file('key') }
  }

  #to(name: string): readonly string[] {
    return ['-keyout', join(this.#folder, `${name}.key`), '-out', join(this.#folder, `${name}.pem`)]
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
