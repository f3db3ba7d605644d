import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ran, run } from '../support/run.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
let folder: string

/** A program of somebody else's, that has libcnm among its packages. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-entries-'))
  for (const name of ['@types/node', 'undici-types'])
    cpSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
  symlinkSync(ROOT, join(folder, 'node_modules/libcnm'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

/** tsc's complaints about a program. */
function compile(file: string): Ran {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2022,esnext.disposable',
    '--types',
    'node',
  ]
  return run([process.execPath, tsc, ...options, file])
}

const PROGRAM = `
  const check = async () => {
    const failure = await open({ root: '/proc/nowhere', run: '/proc/nowhere' }).catch((error) => error)
    if (!(failure instanceof CnmError)) throw failure
    console.log(failure.code, typeof Controller)
  }
  check()
`

describe('the package', () => {
  it('is imported as ESM', () => {
    const file = write('program.mjs', `import { CnmError, Controller, open } from 'libcnm'\n${PROGRAM}`)
    expect(run([process.execPath, file])).toMatchObject({ status: 0, stdout: 'STATE_UNWRITABLE function\n' })
  })

  it('is required as CommonJS', () => {
    const file = write('program.cjs', `const { CnmError, Controller, open } = require('libcnm')\n${PROGRAM}`)
    expect(run([process.execPath, file])).toMatchObject({ status: 0, stdout: 'STATE_UNWRITABLE function\n' })
  })

  it.each(['program.mts', 'program.cts'])('has types for %s', (name) => {
    const file = write(
      name,
      `import { open, type Network, type NetworkDriver, type OtherNetwork, type Seat } from 'libcnm'
       export async function names(signal: AbortSignal): Promise<string[]> {
         await using cnm = await open({ root: '/tmp/a', run: '/tmp/b' })
         const network: Network = await cnm.createNetwork({ name: 'web' }, { signal })
         // @ts-expect-error: an id is text
         const wrong: number = network.id
         return [String(wrong), ...cnm.networks().map(({ name }) => name)]
       }
       export const driver: NetworkDriver | null = null
       type Others = Parameters<NetworkDriver['createNetwork']>[1]
       export const named = (others: Others): readonly OtherNetwork[] => others
       export const gateways = (seats: readonly Seat[]): string[] => seats.map(({ endpoint }) => endpoint.gateway)
      `,
    )
    expect(compile(file)).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})

describe('its netlink layer', () => {
  it('is imported by itself: the example does what it says', () => {
    const file = write('netlink.mjs', readFileSync(join(ROOT, 'examples/netlink.mjs'), 'utf8'))
    const { status, stdout, stderr } = run([process.execPath, file])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toEqual(
      expect.arrayContaining(['1 lo ', '2 br0 bridge', '3 vx0 vxlan', '10.0.0.1/24', 'added 02:00:00:00:00:0a 192.0.2.10']),
    )
    expect(lines.slice(-2)).toEqual([
      'added 02:00:00:00:00:0b 192.0.2.11',
      'ENODEV: no such device, while: nsenter --net=/lab ip link set dev eth7 up',
    ])
  })

  it('is required as CommonJS', () => {
    const file = write('netlink.cjs', `const { Netns, ip } = require('libcnm/netlink'); console.log(ip('10.0.0.1'), Netns.at('/x').path)`)
    expect(run([process.execPath, file])).toMatchObject({ status: 0, stdout: 'Uint8Array(4) [ 10, 0, 0, 1 ] /x\n' })
  })

  it.each(['netlink.mts', 'netlink.cts'])('has types for %s', (name) => {
    const file = write(
      name,
      `import { apply, type FdbTable, dumpColumns, ip, Netns, type Plan } from 'libcnm/netlink'
       export async function macs(): Promise<Uint8Array> {
         using netns = Netns.at('/run/netns/x')
         const plan: Plan = [{ op: 'addr.add', link: 'br0', address: ip('10.0.0.1'), prefix: 24 }]
         await apply([netns], plan)
         // @ts-expect-error: there is no such op
         await apply([netns], [{ op: 'addr.change' }])
         const table: FdbTable = await dumpColumns(netns, 'fdb', { link: 'vx0' })
         return table.mac
       }
      `,
    )
    expect(compile(file)).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})
