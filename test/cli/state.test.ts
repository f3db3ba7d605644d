import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StateExport } from '../../lib/index.ts'
import { Host } from './host.ts'

let host: Host
beforeEach(async () => {
  host = new Host()
  await host.must(
    'network create --ipv6 --subnet 10.70.0.0/24 --subnet fd00:70::/64 --aux-address nas=10.70.0.9 --reserve db=10.70.0.5 front',
  )
  await host.must('network create --subnet 10.71.0.0/24 back')
  await host.must('sandbox create --name web --network front --network back')
})
afterEach(() => host[Symbol.asyncDispose]())

const exported = async (): Promise<StateExport> => JSON.parse(await host.must('state export'))

/** What is said of an export that was changed. */
async function verified(change: (state: any) => void) {
  const state = await exported()
  change(state)
  const file = join(host.root, 'export.json')
  writeFileSync(file, JSON.stringify(state))
  const { status, stdout } = await host.cnm(['state', 'verify', '--format', '{{.Code}} {{.Subject}}: {{.What}}', file])
  return { status, lines: stdout.split('\n').filter(Boolean) }
}

const found = (...lines: readonly string[]) => ({ status: 3, lines })
const frontOf = (state: any) => state.networks.find(({ name }: any) => name === 'front')
const seatOf = (state: any, network: string) =>
  state.endpoints.find(({ networkId }: any) => networkId === state.networks.find(({ name }: any) => name === network).id)

const damages: readonly (readonly [string, (state: any) => unknown, readonly (string | RegExp)[]])[] = [
  ['a newer form', (state) => (state.version = 2), ['STATE_UNUSABLE export: version should be one of 1']],
  [
    'a field of another type',
    (state) => (frontOf(state).internal = 'no'),
    [/^STATE_UNUSABLE export: networks\[\d\]\.internal should be true or false$/],
  ],
  [
    'an address twice',
    (state) => (seatOf(state, 'front').address = '10.70.0.9/24'),
    ['ADDRESS_TWICE network front: 10.70.0.9 is held by the auxiliary address nas and web'],
  ],
  [
    'an address that is reserved for another',
    (state) => (seatOf(state, 'front').address = '10.70.0.5/24'),
    ['ADDRESS_TWICE network front: 10.70.0.5 is held by db and web'],
  ],
  [
    'an address twice, in other words',
    (state) => (frontOf(state).pools[1].aux = { nas: 'fd00:70:0:0:0:0:0:2' }),
    ['ADDRESS_TWICE network front: fd00:70::2 is held by the auxiliary address nas and web'],
  ],
  [
    'an address outside',
    (state) => (seatOf(state, 'back').address = '10.99.0.2/24'),
    ['ADDRESS_OUTSIDE sandbox web: 10.99.0.2/24 is in no subnet of network back'],
  ],
  [
    'subnets that overlap',
    (state) => (frontOf(state).pools[0].subnet = '10.70.0.0/15'),
    ['POOLS_OVERLAP network back: 10.71.0.0/24 overlaps 10.70.0.0/15 of network front'],
  ],
  [
    'a pool that is none',
    (state) => (frontOf(state).pools[1].subnet = 'six'),
    ['RECORD_INVALID network front: six is not a subnet', /^ADDRESS_OUTSIDE sandbox web: fd00/],
  ],
  [
    'a gateway elsewhere',
    (state) => (frontOf(state).pools[0].gateway = '10.9.0.1/24'),
    ['RECORD_INVALID network front: 10.9.0.1/24 does not lie in 10.70.0.0/24'],
  ],
  [
    'an endpoint of nobody',
    (state) => (state.sandboxes = []),
    [/^RECORD_DANGLING endpoint \w+: its sandbox \w+ is not there$/, /^RECORD_DANGLING/],
  ],
  ['two of one name', (state) => (frontOf(state).name = 'back'), ['NAME_TWICE network back: there is another network of that name']],
]

describe('cnm state export', () => {
  it('is everything that is recorded', async () => {
    const { version, written, networks, sandboxes, endpoints } = await exported()
    expect(version).toBe(1)
    expect(Date.parse(written)).toBeGreaterThan(0)
    expect(networks.map(({ name }) => name).sort()).toEqual(['back', 'bridge', 'front', 'host', 'none'])
    expect(sandboxes.map(({ name }) => name)).toEqual(['web'])
    expect(endpoints.map(({ ifname }) => ifname).sort()).toEqual(['eth0', 'eth1'])
  })
})

describe('cnm state verify', () => {
  it('has nothing to say of what is right', async () => {
    expect(await host.cnm('state verify')).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(await verified(() => {})).toEqual({ status: 0, lines: [] })
  })

  it.each(damages)('finds %s', async (_, change, lines) => {
    expect(await verified(change)).toEqual(found(...lines.map((line) => (line instanceof RegExp ? expect.stringMatching(line) : line))))
  })

  it('says what is no export, and which file is not there', async () => {
    const file = join(host.root, 'export.json')
    writeFileSync(file, '{')
    expect((await host.cnm(['state', 'verify', file])).status).toBe(3)
    expect(await host.cnm('state verify /nowhere/export.json')).toEqual({
      status: 1,
      stdout: '',
      stderr: '/nowhere/export.json cannot be read: ENOENT: no such file or directory\n',
    })
  })
})
