import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of the package: its manifest lies some folders up, how many depends on whether this file is built. */
export function version(folder = dirname(fileURLToPath(import.meta.url))): string {
  const { name, version: found } = manifest(join(folder, 'package.json'))
  return name === 'libcnm' && found !== undefined ? found : version(dirname(folder))
}

function manifest(file: string): { readonly name?: string; readonly version?: string } {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}
