import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { formatAddress, fromBytes } from '../../model/address.ts'
import type { Protocol } from '../../model/network.ts'

/** A socket that new conversations arrive at. */
export interface Listener {
  readonly protocol: Protocol
  readonly address: string
  readonly port: number
  readonly inode: string
}

const TABLES = { tcp: ['tcp', 'tcp6'], udp: ['udp', 'udp6'], sctp: ['sctp/eps'] } as const satisfies Record<Protocol, readonly string[]>
type TableName = (typeof TABLES)[Protocol][number]

/**
 * Who listens in a namespace; '' is the one that this process is in. Only for `protocols`: to read a table of TCP costs the
 * kernel a walk through all of its connections.
 */
export async function listeners(netns: string, protocols: Iterable<Protocol>): Promise<readonly Listener[]> {
  const tables = [...new Set(protocols)].flatMap((protocol): readonly TableName[] => TABLES[protocol])
  const texts = netns === '' ? await Promise.all(tables.map(readHere)) : await readThere(netns, tables)
  return tables.flatMap((table, index) => (table === 'sctp/eps' ? sctp : inet(table))(texts[index] ?? ''))
}

/** '' where the kernel has no such protocol. */
const readHere = (table: TableName): Promise<string> => readFile(`/proc/net/${table}`, 'utf8').catch(() => '')

/** /proc/net is that of the process that reads it. */
async function readThere(netns: string, tables: readonly TableName[]): Promise<readonly string[]> {
  const command = [`--net=${netns}`, '--', 'tail', '-v', '-n', '+1', ...tables.map((table) => `/proc/net/${table}`)]
  const { stdout } = await promisify(execFile)('nsenter', command, { maxBuffer: Number.POSITIVE_INFINITY }).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  )
  return tables.map((table) => stdout.split(`==> /proc/net/${table} <==\n`)[1]?.split('\n==> ')[0] ?? '')
}

const rows = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(({ length }) => length > 1)

/** TCP_LISTEN; a UDP socket that was connected to nobody is in TCP_CLOSE. */
const LISTENING = { tcp: '0A', udp: '07' } as const

const inet =
  (table: Exclude<TableName, 'sctp/eps'>) =>
  (text: string): readonly Listener[] => {
    const protocol = table.startsWith('tcp') ? 'tcp' : 'udp'
    return rows(text).flatMap(([, local = '', , state, , , , , , inode = '']) => {
      const [hex = '', port = ''] = local.split(':')
      return state === LISTENING[protocol] ? [{ protocol, address: unhex(hex), port: Number.parseInt(port, 16), inode }] : []
    })
  }

/** Words of four bytes as this machine has them in memory; all that Node runs on have the lowest byte first. */
const unhex = (text: string): string =>
  formatAddress(
    fromBytes(Buffer.from((text.match(/.{8}/g) ?? []).map((word) => word.replace(/(..)(..)(..)(..)/, '$4$3$2$1')).join(''), 'hex')),
  )

/** Endpoint, socket, style, state, hash, port, user, inode; then the addresses it is bound to. */
const sctp = (text: string): readonly Listener[] =>
  rows(text).flatMap(([, , , , , port = '', , inode = '', ...addresses]) =>
    addresses.map((address): Listener => ({ protocol: 'sctp', address, port: Number(port), inode })),
  )

/** The process that has a socket, in words, as far as we may look. */
export function ownerOfSocket(inode: string): string {
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && hasSocket(name, inode))
  if (pid === undefined) return 'a process outside of our view'
  return `process ${unlessGone(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), '')} (${pid})`
}

const hasSocket = (pid: string, inode: string): boolean =>
  unlessGone(() => readdirSync(`/proc/${pid}/fd`), []).some(
    (fd) => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '') === `socket:[${inode}]`,
  )

/** Processes end, descriptors are closed, and some are not ours to see. */
function unlessGone<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch {
    return otherwise
  }
}
