import { expect, it } from 'vitest'
import type { Lease6 } from '../../../lib/ipam/dhcp/client6.ts'
import { DhcpIpam } from '../../../lib/ipam/dhcp/driver.ts'
import { opened, UDP, wrap6 } from '../../../lib/ipam/dhcp/frame6.ts'
import type { Lan, Lease } from '../../../lib/ipam/dhcp/lan.ts'
import { parseAddress, toBytes } from '../../../lib/model/address.ts'

const MAC = '02:00:00:00:00:07'
const POOL = 'eth0 fd00:9::/64 stateful'
const asOne = { 'com.docker.network.endpoint.macaddress': MAC }
const LENT = parseAddress('fd00:9::9') ?? expect.fail()
const SERVER = parseAddress('fe80::1') ?? expect.fail()

const [SOLICIT, REQUEST, RENEW, REBIND, RELEASE] = [1, 3, 5, 6, 8]

/** What a server makes of a question: the options of an association in its answer; null: it is silent. */
type Server = (question: { readonly kind: number; readonly duid: string; readonly toServer: boolean }) => readonly number[] | null

const word = (value: number): number[] => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]
const option = (code: number, ...value: number[]): number[] => [0, code, value.length >> 8, value.length & 255, ...value]
const lent = (valid: number, preferred = valid): number[] => option(5, ...toBytes(LENT), ...word(preferred), ...word(valid))
const NO_BINDING = option(13, 0, 3)

/** A LAN with one server, on which nobody waits: time passes as far as somebody would. */
class Fake implements Lan {
  now = 1_000_000
  server: Server = () => lent(100)
  /** T1 and T2; 0 leaves it to the client. */
  times: readonly [number, number] = [0, 0]
  readonly heard: number[] = []
  readonly clock = (): number => this.now
  readonly macOf = async () => '02:00:00:00:00:99'
  readonly leases = new Map<string, Lease>()
  readonly ipam = new DhcpIpam({ lan: this, leases: this.leases, duid: () => '0004aa' })

  talk<T>(_link: string, _heard: unknown, body: Parameters<Lan['talk']>[2]): Promise<T> {
    const inbox: Uint8Array[] = []
    return body({
      send: async (frame) => {
        const letter = opened(frame, UDP)
        if (letter) inbox.push(...this.#answer(letter.body.subarray(8), letter.from))
      },
      heard: async (ms) => {
        if (inbox.length === 0) this.now += ms
        return inbox.shift() ?? null
      },
    }) as Promise<T>
  }

  #answer(question: Uint8Array, to: ReturnType<typeof parseAddress> & object): readonly Uint8Array[] {
    const [kind = 0] = question
    this.heard.push(kind)
    const length = ((question[6] ?? 0) << 8) | (question[7] ?? 0)
    const duid = [...question.subarray(8, 8 + length)]
    const options = this.server({ kind, duid: Buffer.from(duid).toString('hex'), toServer: question[9 + length] === 2 })
    if (!options) return []
    const at = Buffer.from(question).indexOf(Buffer.from([0, 3, 0]), 8 + length)
    const iaid = [...question.subarray(at + 4, at + 8)]
    const answer = [kind === SOLICIT ? 2 : 7, ...question.subarray(1, 4), ...option(1, ...duid), ...option(2, 0, 1, 9, 9)]
    const frame = wrap6(
      { from: SERVER, mac: Uint8Array.of(2, 0, 0, 0, 0, 1) },
      Uint8Array.from([...answer, ...option(3, ...iaid, ...this.times.flatMap(word), ...options)]),
    )
    // Back to who asked, from port to port.
    frame.set(toBytes(to), 38)
    frame.set([2, 35, 2, 34], 54)
    return [frame]
  }
}

const leaseOf = (lan: Fake) => (lan.ipam.held()[0]?.lease ?? expect.fail('nothing is held')) as Lease6
const held = (lan: Fake) => lan.ipam.held()[0] ?? expect.fail('nothing is held')

it('a lease is renewed by its server, from T2 on by any, and is over at its end', async () => {
  const lan = new Fake()
  expect(await lan.ipam.requestAddress(POOL, '', asOne)).toBe('fd00:9::9/64')
  expect(lan.heard).toEqual([SOLICIT, REQUEST])
  const began = lan.now
  const after = (at: number): number => Math.round((at - began) / 1000)
  const times = () => [leaseOf(lan).renewAt, leaseOf(lan).rebindAt, leaseOf(lan).endsAt].map(after)
  // The server leaves both to the client.
  expect([times(), lan.ipam.lifetime(POOL, 'fd00:9::9')]).toEqual([[50, 80, 100], 100])

  lan.server = () => null
  lan.now = began + 50_000
  expect(await lan.ipam.renew(held(lan))).toBe('silent')
  // Four questions took 7.5 s, and half of what is left is waited for.
  expect(times()).toEqual([79, 80, 100])
  lan.now = began + 79_000
  expect(await lan.ipam.renew(held(lan))).toBe('silent')
  expect(new Set(lan.heard.slice(2))).toEqual(new Set([RENEW]))

  const asked: boolean[] = []
  lan.server = ({ kind, toServer }) => (kind === REBIND ? (asked.push(toServer), lent(100)) : null)
  expect(await lan.ipam.renew(held(lan))).toBe('renewed')
  expect(asked).toEqual([false])
  lan.server = () => null
  lan.now += 100_000
  expect(await lan.ipam.renew(held(lan))).toBe('lost')
  expect(lan.ipam.held()).toEqual([])
})

const FOREVER = 0xffffffff

it.each([
  ['nothing', [0, 0], [100, 100], [50, 80]],
  ['when', [30, 60], [100, 100], [30, 60]],
  ['T1 after T2', [60, 30], [100, 100], [50, 80]],
  ['T1 after the end', [200, 300], [100, 100], [50, 80]],
  ['to do nothing', [FOREVER, FOREVER], [100, 100], [50, 80]],
  ['that it is held, and not to be used', [0, 0], [100, 0], [50, 80]],
  ['a second', [0, 0], [1, 1], [1, 1]],
  ['long', [0, 0], [1_000_000, 1_000_000], [500_000, 800_000]],
] as const)('a server that says %s is asked in time, and not again and again', async (_, times, [valid, preferred], seconds) => {
  const lan = new Fake()
  lan.times = times
  lan.server = () => lent(valid, preferred)
  await lan.ipam.requestAddress(POOL, '', asOne)
  const due = () => [leaseOf(lan).renewAt, leaseOf(lan).rebindAt].map((at) => Math.round((at - lan.now) / 1000))
  expect(due()).toEqual(seconds)
  lan.now += seconds[0] * 1000
  expect(await lan.ipam.renew(held(lan))).toBe('renewed')
  expect(due()).toEqual(seconds)
})

it.each([
  [0, 0],
  [60, 90],
  [FOREVER, FOREVER],
] as const)('a lease for ever is never renewed, whatever T1 and T2 are: %d, %d', async (...times) => {
  const lan = new Fake()
  lan.times = times
  lan.server = () => lent(FOREVER)
  await lan.ipam.requestAddress(POOL, '', asOne)
  lan.now += 100 * 365 * 86_400_000
  expect(leaseOf(lan).renewAt).toBeGreaterThan(lan.now)
  expect(lan.ipam.lifetime(POOL, 'fd00:9::9')).toBe(FOREVER)
})

it.each([
  ['does not know it', () => NO_BINDING],
  ['gives it no longer', () => lent(0)],
  ['has nothing to say of it', () => []],
])('a lease is lost when its server %s', async (_, server: Server) => {
  const lan = new Fake()
  await lan.ipam.requestAddress(POOL, '', asOne)
  lan.server = server
  expect(await lan.ipam.renew(held(lan))).toBe('lost')
})

it('one that was given back meanwhile is given back again', async () => {
  const lan = new Fake()
  await lan.ipam.requestAddress(POOL, '', asOne)
  const one = held(lan)
  lan.leases.clear()
  lan.heard.length = 0
  expect(await lan.ipam.renew(one)).toBe('silent')
  expect(lan.heard).toEqual([RENEW, RELEASE])
})

it('a server that has nothing to give, or changes its mind, is named, and nothing is held', async () => {
  const lan = new Fake()
  lan.server = () => option(13, 0, 2)
  const full = { code: 'DHCP_FULL', message: 'the DHCPv6 server fe80::1 on eth0 has no address to give: NoAddrsAvail' }
  await expect(lan.ipam.requestAddress(POOL, '', asOne)).rejects.toMatchObject(full)
  lan.server = ({ kind }) => (kind === SOLICIT ? lent(100) : option(13, 0, 1))
  await expect(lan.ipam.requestAddress(POOL, '', asOne)).rejects.toMatchObject({ code: 'DHCP_REFUSED' })
  lan.server = () => lent(100)
  await expect(lan.ipam.requestAddress(POOL, 'fd00:9::77', asOne)).rejects.toMatchObject({
    code: 'DHCP_OTHER',
    remedy: expect.stringContaining('fd00:9::9 by fe80::1'),
  })
  lan.server = () => null
  await expect(lan.ipam.requestAddress(POOL, '', asOne)).rejects.toMatchObject({
    code: 'DHCP_SILENT',
    message: 'no DHCPv6 server answers on eth0',
  })
  expect(lan.leases.size).toBe(0)
})

it('the same MAC address has the same number, and two never have one', async () => {
  const lan = new Fake()
  await lan.ipam.requestAddress(POOL, '', asOne)
  const { identity } = leaseOf(lan)
  await lan.ipam.releaseAddress(POOL, 'fd00:9::9')
  // Somebody else came to this number before.
  const taken = { ...identity, of: 'eth1 02:00:00:00:00:07' }
  lan.leases.set('eth1 fd00:8::/64 stateful fd00:8::9', {
    link: 'eth1',
    mac: MAC,
    address: '',
    server: '',
    renewAt: 0,
    endsAt: 0,
    identity: taken,
  })
  await lan.ipam.requestAddress(POOL, '', asOne)
  const second = lan.leases.get(`${POOL} fd00:9::9`)
  expect(second?.identity).toEqual({ ...identity, iaid: (identity.iaid + 1) >>> 0 })
  lan.leases.clear()
  await lan.ipam.requestAddress(POOL, '', asOne)
  expect(leaseOf(lan).identity).toEqual(identity)
  expect(identity.duid).toBe('0004aa')
})

it('an address of SLAAC is that which the MAC makes of the prefix', async () => {
  const lan = new Fake()
  const wanted = { space: 'lan', pool: 'fd00:9::/64', subPool: '', options: { parent: 'eth0', ipv6: 'slaac' }, v6: true, reserved: [] }
  const pool = await lan.ipam.requestPool(wanted)
  expect(pool).toEqual({ id: 'eth0 fd00:9::/64', pool: 'fd00:9::/64', data: {} })
  expect(await lan.ipam.requestAddress(pool.id, '', asOne)).toBe('fd00:9::ff:fe00:7/64')
  expect(lan.heard).toEqual([])
})

it('without a router nobody knows how addresses are had', async () => {
  const wanted = { space: 'lan', pool: '', subPool: '', options: { parent: 'eth0' }, v6: true, reserved: [] }
  for (const pool of ['', 'fd00:9::/64'])
    await expect(new Fake().ipam.requestPool({ ...wanted, pool })).rejects.toMatchObject({ code: 'DHCP_NO_ROUTER' })
  const told = { ...wanted, pool: 'fd00:9::/64', options: { parent: 'eth0', ipv6: 'stateful' } }
  expect((await new Fake().ipam.requestPool(told)).id).toBe(POOL)
})
