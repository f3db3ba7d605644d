import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from '../model/errors.ts'
import type { TlsFiles } from './client.ts'

/** Where dockerd looks, in this order. */
export interface Places {
  readonly sockets: string
  readonly specs: readonly string[]
}

export const PLACES: Places = { sockets: '/run/docker/plugins', specs: ['/etc/docker/plugins', '/usr/lib/docker/plugins'] }

/** The same, with CNM_PLUGIN_DIR in place of the folder of sockets. */
export const placesIn = ({ CNM_PLUGIN_DIR: sockets }: NodeJS.ProcessEnv): Places => (sockets ? { ...PLACES, sockets } : PLACES)

export interface Located {
  /** 'unix:///run/docker/plugins/x.sock', 'tcp://127.0.0.1:9000', 'http://…', 'https://…' */
  readonly address: string
  readonly tls?: TlsFiles
}

/** All that have a socket or a file there, by name. */
export function pluginNames({ sockets, specs }: Places): readonly string[] {
  const flat = [...namesIn(sockets, ['sock']), ...specs.flatMap((folder) => namesIn(folder, ['spec', 'json']))]
  return [...new Set(flat)].sort()
}

/** NAME of NAME.EXTENSION, and of NAME/NAME.EXTENSION. */
function namesIn(folder: string, extensions: readonly string[]): readonly string[] {
  const parts = entriesOf(folder).flatMap((entry) => [
    entry,
    ...entriesOf(join(folder, entry)).filter((deep) => deep.startsWith(`${entry}.`)),
  ])
  return parts.flatMap((part) =>
    extensions.flatMap((extension) => (part.endsWith(`.${extension}`) ? part.slice(0, -extension.length - 1) : [])),
  )
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/**
 * A plugin by its name: NAME.sock or NAME/NAME.sock that is a socket, else the .spec and .json files of the specification folders.
 * A link to one does as well. Throws PLUGIN_NOT_FOUND, and PLUGIN_SPEC for a file that cannot be read as what it should be.
 */
export function findPlugin(name: string, { sockets, specs }: Places = PLACES): Located {
  // A name leads to no other folder than these.
  const leaves = name.split('/').includes('..')
  const flatAndDeep = (folder: string, extension: string) =>
    leaves ? [] : [join(folder, `${name}.${extension}`), join(folder, name, `${name}.${extension}`)]
  const socket = flatAndDeep(sockets, 'sock').find(isSocket)
  if (socket) return { address: `unix://${socket}` }
  const readers = { spec: readSpec, json: readJson }
  for (const folder of specs) {
    for (const extension of ['spec', 'json'] as const) {
      for (const path of flatAndDeep(folder, extension)) {
        const text = readIfThere(path)
        if (text !== undefined) return readers[extension](path, text)
      }
    }
  }
  throw fault('PLUGIN_NOT_FOUND', { name, places: [sockets, ...specs].join(', ') })
}

/** Where nothing can be looked at, there is none. */
function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket()
  } catch {
    return false
  }
}

function readIfThere(path: string): string | undefined {
  try {
    // Whoever opens a pipe waits until somebody writes to it, and all that this process does with him.
    if (!statSync(path).isFile()) throw new Error('it is no file')
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (NOWHERE.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw fault('PLUGIN_SPEC', { path, reason: (error as Error).message }, error)
  }
}

/** Of files that cannot be there, for a name that is none among them. */
const NOWHERE: readonly string[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']

const SCHEMES = ['tcp:', 'http:', 'https:']

function addressIn(path: string, text: string): string {
  const address = text.trim()
  if (!isAddress(address)) {
    const said = JSON.stringify(address.slice(0, 80))
    throw fault('PLUGIN_SPEC', { path, reason: `${said} is not the URL of a plugin (unix:///PATH, tcp, http, https)` })
  }
  return address
}

/** A plugin can be there: 'unix:///PATH', or a URL of tcp, http, https. */
export function isAddress(text: string): boolean {
  if (/^unix:\/\/\/./.test(text)) return true
  if (!URL.canParse(text)) return false
  const { protocol, host } = new URL(text)
  return SCHEMES.includes(protocol) && host !== ''
}

const readSpec = (path: string, text: string): Located => ({ address: addressIn(path, text) })

/** Its fields, in the words of Go's. */
interface Said {
  readonly Addr?: unknown
  readonly TLSConfig?: { readonly [key: string]: unknown } | null
}

function readJson(path: string, text: string): Located {
  let said: Said
  try {
    said = JSON.parse(text) ?? {}
  } catch (error) {
    throw fault('PLUGIN_SPEC', { path, reason: (error as Error).message }, error)
  }
  const { Addr, TLSConfig } = said
  if (typeof Addr !== 'string') throw fault('PLUGIN_SPEC', { path, reason: 'Addr is missing' })
  const located = { address: addressIn(path, Addr) }
  if (!TLSConfig) return located
  const file = (key: string) => (typeof TLSConfig[key] === 'string' && TLSConfig[key] !== '' ? TLSConfig[key] : undefined)
  const [ca, cert, key] = [file('CAFile'), file('CertFile'), file('KeyFile')]
  return {
    ...located,
    tls: {
      // As in dockerd: where nobody says whom to believe, anybody is.
      trustAnybody: TLSConfig['InsecureSkipVerify'] === true || ca === undefined,
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
    },
  }
}
