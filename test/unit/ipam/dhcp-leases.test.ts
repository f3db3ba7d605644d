import { expect, it } from 'vitest'
import { DhcpIpam } from '../../../lib/ipam/dhcp/driver.ts'
import { unwrap, wrap } from '../../../lib/ipam/dhcp/frame.ts'
import type { Lan, Lease } from '../../../lib/ipam/dhcp/lan.ts'

const MAC = '02:00:00:00:00:07'
const POOL = 'eth0 192.0.2.0/24'
const ask = { 'com.docker.network.endpoint.macaddress': MAC }

/** What a server makes of a question: the kind of its answer, and with which options; null: it is silent. */
type Server = (question: {
  readonly kind: number
  readonly wanted: readonly number[]
  /** Option 61. */
  readonly client: readonly number[]
  readonly mac: readonly number[]
}) => readonly number[] | null

const LASTS = [51, 4, 0, 0, 0, 100, 58, 4, 0, 0, 0, 40]
const ACK = [53, 1, 5, 54, 4, 192, 0, 2, 1, ...LASTS]
const OFFER = [53, 1, 2, 54, 4, 192, 0, 2, 1, ...LASTS]
const NAK = [53, 1, 6, 54, 4, 192, 0, 2, 1]

/** A LAN with one server, on which nobody waits: time passes as far as somebody would. */
class Fake implements Lan {
  now = 1_000_000
  server: Server = ({ kind }) => (kind === 1 ? OFFER : ACK)
  readonly heard: number[] = []
  readonly clock = (): number => this.now
  readonly leases = new Map<string, Lease>()
  readonly ipam = new DhcpIpam({ lan: this, leases: this.leases, duid: () => '0004aa' })
  readonly macOf = async () => '02:00:00:00:00:99'

  talk<T>(_link: string, _heard: unknown, body: Parameters<Lan['talk']>[2]): Promise<T> {
    const inbox: Uint8Array[] = []
    return body({
      send: async (frame) => {
        const message = unwrap(frame)
        if (message?.[0] !== 1) return
        const kind = message[242] ?? 0
        this.heard.push(kind)
        const at = message.indexOf(50, 240)
        const client = [...message.subarray(245, 245 + (message[244] ?? 0))]
        const options = this.server({ kind, wanted: [...message.subarray(at + 2, at + 6)], client, mac: [...message.subarray(28, 34)] })
        if (options) inbox.push(this.#answer(message, options))
      },
      heard: async (ms) => {
        if (inbox.length === 0) this.now += ms
        return inbox.shift() ?? null
      },
    }) as Promise<T>
  }

  #answer(question: Uint8Array, options: readonly number[]): Uint8Array {
    const answer = Uint8Array.from(question)
    answer[0] = 2
    answer.set([192, 0, 2, 9], 16)
    answer.set([...options, 255], 240)
    return wrap(Uint8Array.of(2, 0, 0, 0, 0, 1), answer)
  }
}

it('a lease is renewed when it says so, again when nobody answers, and is over at its end', async () => {
  const lan = new Fake()
  expect(await lan.ipam.requestAddress(POOL, '', ask)).toBe('192.0.2.9/24')
  const began = lan.now
  const due = () => Math.round(((lan.ipam.held()[0]?.lease.renewAt ?? 0) - began) / 1000)
  const held = () => lan.ipam.held()[0] ?? expect.fail('nothing is held')
  expect([due(), lan.ipam.lifetime(POOL, '192.0.2.9')]).toEqual([40, 100])

  lan.now = began + 40_000
  expect(await lan.ipam.renew(held())).toBe('renewed')
  expect([due(), lan.ipam.lifetime(POOL, '192.0.2.9')]).toEqual([80, 100])

  lan.server = () => null
  lan.now = began + 80_000
  expect(await lan.ipam.renew(held())).toBe('silent')
  // Four questions took 7.5 s, and half of what is left is waited for.
  expect(due()).toBe(114)
  lan.now = began + 141_000
  expect(await lan.ipam.renew(held())).toBe('lost')
  expect(lan.ipam.held()).toEqual([])
  expect(lan.ipam.lifetime(POOL, '192.0.2.9')).toBeUndefined()
})

const word = (value: number): number[] => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]
const FOREVER = 0xffffffff
const answering = (lease: number, ...t1: number[]): Server => {
  const lasts = [51, 4, ...word(lease), ...t1.flatMap((seconds) => [58, 4, ...word(seconds)])]
  return ({ kind }) => [53, 1, kind === 1 ? 2 : 5, 54, 4, 192, 0, 2, 1, ...lasts]
}

it.each([
  ['T1 of nothing', 100, [0], 50],
  ['no T1', 100, [], 50],
  ['a T1 at the end', 100, [100], 50],
  ['a T1 after the end', 100, [FOREVER], 50],
  ['a T1 of a second', 100, [1], 1],
  ['a lease of a second', 1, [0], 1],
  ['a long lease', 1_000_000, [], 500_000],
])('a server that says %s is asked in time, and not again and again', async (_, lease, t1, seconds) => {
  const lan = new Fake()
  lan.server = answering(lease, ...t1)
  await lan.ipam.requestAddress(POOL, '', ask)
  const held = () => lan.ipam.held()[0] ?? expect.fail('nothing is held')
  const due = () => Math.round((held().lease.renewAt - lan.now) / 1000)
  expect(due()).toBe(seconds)
  lan.now += seconds * 1000
  expect(await lan.ipam.renew(held())).toBe('renewed')
  expect(due()).toBe(seconds)
})

it.each([[[]], [[0]], [[60]], [[FOREVER]]])('a lease for ever is never renewed, whatever its T1 is: %j', async (t1) => {
  const lan = new Fake()
  lan.server = answering(FOREVER, ...t1)
  await lan.ipam.requestAddress(POOL, '', ask)
  const { lease } = lan.ipam.held()[0] ?? expect.fail('nothing is held')
  lan.now += 100 * 365 * 86_400_000
  expect(lease.renewAt).toBeGreaterThan(lan.now)
  expect(JSON.parse(JSON.stringify(lease))).toEqual(lease)
  // As the kernel has it.
  expect(lan.ipam.lifetime(POOL, '192.0.2.9')).toBe(FOREVER)
})

it('what is lent for no time is not lent', async () => {
  const lan = new Fake()
  lan.server = answering(0)
  await expect(lan.ipam.requestAddress(POOL, '', ask)).rejects.toMatchObject({ code: 'DHCP_SILENT' })
  lan.server = (question) => (question.kind === 1 ? OFFER : answering(0)(question))
  const refusal = { code: 'DHCP_REFUSED', message: expect.stringContaining('it lends for no time') }
  await expect(lan.ipam.requestAddress(POOL, '', ask)).rejects.toMatchObject(refusal)
  expect(lan.leases.size).toBe(0)
  lan.server = ({ kind }) => (kind === 1 ? OFFER : ACK)
  await lan.ipam.requestAddress(POOL, '', ask)
  lan.server = answering(0)
  expect(await lan.ipam.renew(lan.ipam.held()[0] ?? expect.fail())).toBe('lost')
})

it('a lease that is denied is lost, and one that was given back meanwhile is given back again', async () => {
  const lan = new Fake()
  await lan.ipam.requestAddress(POOL, '', ask)
  const [first] = lan.ipam.held()
  lan.server = () => NAK
  expect(await lan.ipam.renew(first ?? expect.fail())).toBe('lost')

  lan.server = ({ kind }) => (kind === 1 ? OFFER : ACK)
  await lan.ipam.requestAddress(POOL, '', ask)
  const [second] = lan.ipam.held()
  lan.leases.clear()
  lan.heard.length = 0
  expect(await lan.ipam.renew(second ?? expect.fail())).toBe('silent')
  expect(lan.heard).toEqual([3, 7])
  expect(lan.ipam.held()).toEqual([])
})

it('a server that changes its mind is asked three times, and nothing is held', async () => {
  const lan = new Fake()
  lan.server = ({ kind }) => (kind === 1 ? OFFER : NAK)
  await expect(lan.ipam.requestAddress(POOL, '', ask)).rejects.toMatchObject({ code: 'DHCP_REFUSED' })
  expect(lan.heard).toEqual([1, 3, 1, 3, 1, 3])
  expect(lan.leases.size).toBe(0)
})

it('who has the MAC address of the parent is known by a number of its own', async () => {
  const lan = new Fake()
  const seen = new Set<string>()
  lan.server = ({ kind, client, mac }) => {
    seen.add(`${Buffer.from(client).toString('hex')} of ${Buffer.from(mac).toString('hex')}`)
    return kind === 1 ? OFFER : ACK
  }
  const options = { parent: 'eth0', mac: 'parent' }
  const { id } = await lan.ipam.requestPool({ space: 'lan', pool: '192.0.2.0/24', subPool: '', options, v6: false, reserved: [] })
  await lan.ipam.requestAddress(id, '', ask)
  const [held] = lan.ipam.held()
  await lan.ipam.renew(held ?? expect.fail())
  await lan.ipam.releaseAddress(id, '192.0.2.9')
  await lan.ipam.requestAddress(id, '', ask)
  expect([...seen]).toEqual([expect.stringMatching(/^ff[0-9a-f]{8}0004aa of 020000000099$/)])
  await lan.ipam.releaseAddress(id, '192.0.2.9')
  await lan.ipam.requestAddress(id, '', { 'com.docker.network.endpoint.macaddress': '02:00:00:00:00:08' })
  expect(seen.size).toBe(2)
})

it('what an endpoint of ours has, no other gets, whatever the server has forgotten', async () => {
  const lan = new Fake()
  await lan.ipam.requestAddress(POOL, '', ask)
  const other = lan.ipam.requestAddress(POOL, '', { 'com.docker.network.endpoint.macaddress': '02:00:00:00:00:08' })
  await expect(other).rejects.toMatchObject({ code: 'DHCP_CONFLICT', message: expect.stringContaining(MAC) })
  expect(lan.ipam.held().map(({ lease }) => lease.mac)).toEqual([MAC])
  expect(lan.heard.slice(2)).toEqual([1, 3, 4, 1, 3, 4, 1, 3, 4])
})

it.each([
  [{ subPool: '192.0.2.0/25' }, 'leave out --ip-range'],
  [{ pool: '0.0.0.0/24' }, 'is no subnet of a LAN'],
  [{ v6: true, pool: 'fd00::/48', options: { parent: 'eth0', ipv6: 'slaac' } }, 'an address of a /64'],
  [{ v6: true, options: { parent: 'eth0', ipv6: 'maybe' } }, 'not maybe'],
])('a pool of %j is refused', async (request, reason) => {
  const wanted = { space: 'lan', pool: '', subPool: '', options: { parent: 'eth0' }, v6: false, reserved: [], ...request }
  await expect(new Fake().ipam.requestPool(wanted)).rejects.toMatchObject({
    code: 'POOL_INVALID',
    message: expect.stringContaining(reason),
  })
})
