import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../support/run.ts'

/** Two folders with ca.pem, cert.pem and key.pem, `server` (of 127.0.0.1) and `client`, and one of a CA that neither knows: `stranger`. */
export function makeCertificates(folder: string): { readonly server: string; readonly client: string; readonly stranger: string } {
  authority(folder, 'ca')
  authority(folder, 'other')
  return {
    server: issue(folder, 'server', 'ca', 'subjectAltName=IP:127.0.0.1'),
    client: issue(folder, 'client', 'ca', 'extendedKeyUsage=clientAuth'),
    stranger: issue(folder, 'stranger', 'other', 'extendedKeyUsage=clientAuth'),
  }
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function authority(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true })
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)]
  must(['openssl', 'req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`, ...files])
}

function issue(folder: string, name: string, by: string, extension: string): string {
  const place = join(folder, name)
  const at = (file: string) => join(place, file)
  mkdirSync(place)
  writeFileSync(at('extension'), extension)
  must(['openssl', 'req', ...KEY, '-subj', `/CN=${name}`, '-keyout', at('key.pem'), '-out', at('request')])
  const signer = ['-CA', join(folder, `${by}.pem`), '-CAkey', join(folder, `${by}.key`), '-CAcreateserial']
  must(['openssl', 'x509', '-req', ...signer, '-days', '2', '-in', at('request'), '-extfile', at('extension'), '-out', at('cert.pem')])
  must(['cp', join(folder, 'ca.pem'), at('ca.pem')])
  return place
}
