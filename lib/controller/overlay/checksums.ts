import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Finding, finding } from '../../model/findings.ts'
import type { Sandbox } from '../../model/network.ts'
import { seatsOf } from '../endpoints/endpoints.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'

/** One program is started for each: what a link does to checksums, it does to all of them. */
const MOST = 8

/**
 * Sandboxes on networks of several hosts to which packets came with wrong checksums: a link of the sender computes those inside of
 * tunnels, and does it wrong. Nobody else notices; large packets get lost, small ones do not.
 */
export async function wrongChecksums(hall: Hall): Promise<readonly Finding[]> {
  const far = hall.store.sandboxes.list().filter((sandbox) => sandbox.path !== '' && isFar(hall, sandbox))
  const counted = await Promise.all(far.slice(0, MOST).map(async (sandbox) => ({ sandbox, count: await wrongIn(sandbox.path) })))
  return counted
    .filter(({ count }) => count > 0)
    .map(({ sandbox: { name }, count }) => finding('CHECKSUMS_WRONG', `sandbox ${name}`, { count }))
}

const isFar = (hall: Hall, sandbox: Sandbox): boolean =>
  seatsOf(hall, sandbox).some(
    ({ network }) => hall.drivers.has(network.driver) && hall.drivers.get(network.driver).tunnel && configOf(hall, network).underlay,
  )

/** Of TCP and UDP, since the namespace was made; 0 where it cannot be entered. */
async function wrongIn(path: string): Promise<number> {
  const { stdout } = await promisify(execFile)('nsenter', [`--net=${path}`, '--', 'cat', '/proc/net/snmp', '/proc/net/snmp6']).catch(
    () => ({
      stdout: '',
    }),
  )
  const lines = stdout.split('\n')
  const tables = ['Tcp:', 'Udp:'].map((name) => {
    const [names = '', values = ''] = lines.filter((line) => line.startsWith(`${name} `))
    return Number(values.split(' ')[names.split(' ').indexOf('InCsumErrors')] ?? 0)
  })
  const udp6 = Number(/^Udp6InCsumErrors\s+(\d+)/m.exec(stdout)?.[1] ?? 0)
  return tables.reduce((sum, count) => sum + count, udp6)
}
