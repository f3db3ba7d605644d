import { afterEach, beforeEach, expect, it } from 'vitest'
import { CnmError, type KeyRing } from '../../lib/index.ts'
import { NetlinkError } from '../../lib/netlink/refusal.ts'
import { DOOMED } from '../support/built.ts'
import { Hosts } from '../support/hosts.ts'
import { lacks } from '../support/lacks.ts'
import { must, run, runAsync } from '../support/run.ts'
import { pings, reaches } from '../support/traffic.ts'

let hosts: Hosts
let boxes: string[]
beforeEach(async () => {
  hosts = await Hosts.open(2)
})
afterEach(() => hosts[Symbol.asyncDispose]())

/** A network with somebody on each host; null where the kernel says that it cannot, and nothing is there. */
async function network(): Promise<CnmError | null> {
  // Also on kernels that have no nftables.
  const options = { internal: true, options: { encrypted: '' } }
  const refusal = await hosts.network('app', 4097, ['10.0.1.0/24', 'fd00:1::/64'], options).then(
    () => null,
    (error) => error,
  )
  if (refusal instanceof CnmError) return refusal
  boxes = []
  for (const n of [1, 2]) boxes.push(await hosts.sandbox(n, `s${n}`, 'app', { ip: `10.0.1.1${n}`, ip6: `fd00:1::1${n}` }))
  await hosts.tell('app')
  return null
}

/** One that can is asked in the tier of user-mode Linux. */
function isRefused(refusal: CnmError | null): boolean {
  if (!refusal) return false
  expect(refusal).toMatchObject({ code: 'ESP_ABSENT', message: expect.stringMatching(/^this kernel cannot encrypt .*: Requested /) })
  const { cause } = refusal
  if (cause instanceof NetlinkError) lacks(cause.refusal, { message: expect.stringMatching(/^Requested (type|AEAD algorithm) not found$/) })
  expect(
    hosts
      .at(1)
      .cnm.networks()
      .some(({ name }) => name === 'app'),
  ).toBe(false)
  return true
}

const at = (n: number) => boxes[n - 1] ?? ''
const policies = (n: number) => must(['ip', 'xfrm', 'policy'], { netns: hosts.at(n).netns })

/** Whether a packet that passes `filter` comes to host 2 while `act` goes on. */
async function seen(filter: string, act: () => Promise<unknown>): Promise<boolean> {
  const watched = runAsync(['timeout', '4', 'tcpdump', '-ni', 'eth0', '-c', '1', filter], { netns: hosts.at(2).netns })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  await act()
  return (await watched).status === 0
}

it('without keys nothing of an encrypted network leaves its host, and nothing in the clear gets in', async () => {
  if (isRefused(await network())) return
  expect(await seen('udp', () => pings(at(1), '10.0.1.12'))).toBe(false)
  const mac = '02:00:00:00:00:66'
  const forger = hosts.join('forger', 6)
  const inside = (...argv: string[]) => must(argv, { netns: forger })
  const [own] = hosts.peersAt(2, 'app')
  inside('ip', 'link', 'add', 'vx0', 'address', mac, 'mtu', '1400', 'type', 'vxlan', 'id', '4097', 'local', '10.99.0.6', 'dstport', '4790')
  inside('bridge', 'fdb', 'append', '00:00:00:00:00:00', 'dev', 'vx0', 'dst', '10.99.0.2')
  inside('ip', 'addr', 'add', '10.0.1.66/24', 'dev', 'vx0')
  inside('ip', 'link', 'set', 'vx0', 'up')
  inside('ip', 'neigh', 'replace', '10.0.1.12', 'lladdr', own?.mac ?? '', 'dev', 'vx0')
  await hosts.at(2).cnm.addPeer('app', { vtep: '10.99.0.6', mac, ip: '10.0.1.66' })
  expect(await pings(forger, '10.0.1.12')).toBe(false)
  // It is the policies that keep it out.
  must(['ip', 'xfrm', 'policy', 'flush'], { netns: hosts.at(2).netns })
  expect(await reaches(forger, '10.0.1.12')).toBe(true)
  await hosts.at(1).cnm.removeSandbox('s1')
  expect(policies(1)).toBe('')
})

it('without keys nothing is left of a first network that the kernel refuses', async () => {
  const options = { internal: true, options: { encrypted: '' } }
  if (
    isRefused(
      await hosts.network('app', 4097, ['10.0.1.0/24'], options).then(
        () => null,
        (error) => error,
      ),
    )
  )
    return
  must(['ip', 'link', 'add', 'vx0', 'type', 'vxlan', 'id', '4097', 'dstport', '4790'], { netns: hosts.at(1).netns })
  await expect(hosts.sandbox(1, 's1', 'app')).rejects.toMatchObject({ code: 'VNI_IN_USE' })
  expect(policies(1)).toBe('')
})

it.each([
  {
    what: 'the first network gets its links',
    verb: ['createSandbox', { name: 's1', networks: [{ network: 'app' }] }],
    step: 'after xfrm.policy.replace',
  },
  { what: 'the last one loses them', verb: ['removeSandbox', 's1'], step: 'after link.del' },
])('without keys nothing is left of who is killed while $what', async ({ verb, step }) => {
  if (isRefused(await network())) return
  const { root, run: runDir, netns, cnm } = hosts.at(1)
  if (verb[0] === 'createSandbox') await cnm.removeSandbox('s1')
  await cnm.close()
  const more = JSON.stringify({ dataPath: { address: '10.99.0.1' } })
  const killed = run([process.execPath, DOOMED, root, runDir, netns, step, JSON.stringify(verb), more])
  expect(killed).toMatchObject({ stdout: step, stderr: '' })
  expect(policies(1)).not.toBe('')
  await hosts.reopen(1)
  expect(policies(1)).toBe('')
  expect(await hosts.at(1).cnm.findings()).toEqual([])
})

it('without keys what keeps frames in stays as long as another network needs it', async () => {
  if (isRefused(await network())) return
  const before = policies(1)
  await hosts.network('other', 4098, ['10.0.2.0/24'], { internal: true, options: { encrypted: '' } })
  await hosts.sandbox(1, 's2', 'other')
  await hosts.at(1).cnm.removeSandbox('s2')
  must(['ip', 'link', 'add', 'vx0', 'type', 'vxlan', 'id', '4098', 'dstport', '4790'], { netns: hosts.at(1).netns })
  await expect(hosts.sandbox(1, 's2', 'other')).rejects.toMatchObject({ code: 'VNI_IN_USE' })
  expect(before).toContain('action block')
  expect(policies(1)).toBe(before)
})

const key = (tag: number) => ({ tag, secret: new Uint8Array(32).fill(tag) })

/** The same keys on both hosts. */
async function setKeys(tags: readonly number[], primary: number, sessions = ['a', 'b']): Promise<void> {
  for (const [index, session] of sessions.entries()) {
    const other = 1 - index
    const ring: KeyRing = { keys: tags.map(key), primary, session, sessions: { [`10.99.0.${other + 1}`]: sessions[other] ?? '' } }
    await hosts.at(index + 1).cnm.setKeys(ring)
  }
}

it('keys that are none are refused', async () => {
  const ring = { keys: [key(1)], primary: 1, session: '', sessions: {} }
  const bad = [
    { keys: [] },
    { keys: [key(1), key(1)] },
    { primary: 2 },
    { keys: [1, 2, 3, 4].map(key) },
    { keys: [{ tag: 1, secret: new Uint8Array(8) }] },
  ]
  for (const each of bad) await expect(hosts.at(1).cnm.setKeys({ ...ring, ...each })).rejects.toMatchObject({ code: 'KEYS_INVALID' })
})

it('with keys only ESP is on the wire, up to the last byte, and none is lost when they change; or the kernel says that it cannot', async () => {
  if (isRefused(await network())) return
  await setKeys([1, 2, 3], 2)
  expect(await seen('esp', () => pings(at(1), '10.0.1.12'))).toBe(true)
  expect(await seen('udp', () => pings(at(1), '10.0.1.12'))).toBe(false)
  expect(await reaches(at(1), 'fd00:1::12')).toBe(true)
  const { bytes = 0 } = (await hosts.at(1).cnm.mtu('app')) ?? {}
  const edge = (size: number) =>
    runAsync(['ping', '-M', 'do', '-c', '1', '-w', '2', '-s', String(size - 28), '10.0.1.12'], { netns: at(1) })
  expect([(await edge(bytes)).status, (await edge(bytes + 1)).status]).toEqual([0, 1])

  const flow = runAsync(['ping', '-c', '100', '-i', '0.02', '-n', '10.0.1.12'], { netns: at(1) })
  await setKeys([2, 3, 4], 3)
  await setKeys([3, 4, 5], 4)
  expect((await flow).stdout).toContain('100 received')
  await setKeys([3, 4, 5], 4, ['started again', 'b'])
  expect(await reaches(at(1), '10.0.1.12')).toBe(true)
  await hosts.at(1).cnm.setKeys({ keys: [key(9)], primary: 9, session: 'a', sessions: {} })
  expect(await pings(at(1), '10.0.1.12')).toBe(false)
  await setKeys([9], 9)
  expect(await reaches(at(1), '10.0.1.12')).toBe(true)
  await hosts.at(1).cnm.removeSandbox('s1')
  expect([policies(1), must(['ip', 'xfrm', 'state'], { netns: hosts.at(1).netns })]).toEqual(['', ''])
})

it('with keys a host that is known by an address of the other family keeps nobody from the others', async () => {
  if (isRefused(await network())) return
  const far = { endpointId: 'far', networkId: '', nodeId: 'h9', vtep: 'fd00:99::9', mac: '02:00:00:00:00:09', address: '10.0.1.19/24' }
  for (const { cnm } of hosts.hosts) await cnm.changePeers('app', [], [far])
  for (const [index, session] of ['a', 'b'].entries()) {
    const sessions = { [`10.99.0.${2 - index}`]: index === 0 ? 'b' : 'a', 'fd00:99::9': 'z' }
    await hosts.at(index + 1).cnm.setKeys({ keys: [key(1)], primary: 1, session, sessions })
  }
  expect(await reaches(at(1), '10.0.1.12')).toBe(true)
})
