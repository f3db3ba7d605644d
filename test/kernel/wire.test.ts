import { afterEach, beforeEach, expect, it } from 'vitest'
import { wrap } from '../../lib/ipam/dhcp/frame.ts'
import { wrap6 } from '../../lib/ipam/dhcp/frame6.ts'
import { membership, neighbourProbe, routerSolicitation } from '../../lib/ipam/dhcp/ndp.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { newJob } from '../../lib/netlink/kernel.ts'
import { openWire } from '../../lib/netlink/packets.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'eth0', at: 1 } },
    { op: 'link.set', at: 1, link: 'eth0', up: true },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const netns = (at: 0 | 1) => spaces.netns[at] ?? expect.fail()
const { PacketSocket } = addon()
const mac = Uint8Array.of(2, 0, 0, 0, 0, 7)

/** What a client says, sent to another port: the first 37 bytes are headers, with the port in the last two of them. */
function frameTo(port: number, ...text: number[]): Uint8Array {
  const frame = wrap(mac, Uint8Array.from(text))
  frame.set([port >> 8, port & 255], 36)
  return frame
}

it('a frame arrives as it is sent, and what was not asked for is not heard', async () => {
  const ear = await PacketSocket.open(netns(1), 'eth0', [68])
  const voice = await PacketSocket.open(netns(0), 'v0', [68])
  for (const port of [67, 69, 68, 68]) await voice.send(frameTo(port, port))
  const fragment = frameTo(68, 1)
  fragment[21] = 1
  await voice.send(fragment)
  await voice.send(frameTo(68, 9))
  const heard = []
  while (heard.length < 3) heard.push(...((await ear.next(newJob())) ?? expect.fail()))
  expect(heard).toEqual([frameTo(68, 68), frameTo(68, 68), frameTo(68, 9)])
  ear.close()
  voice.close()
})

it('UDP to a port is heard over IPv6 too, and neighbours with it; who asks for all of it hears it in order', async () => {
  const own = { family: 6, value: 0xfe80n << 112n } as const
  const toPort = (port: number): Uint8Array => {
    const frame = wrap6({ from: own, mac }, Uint8Array.of(1))
    frame.set([port >> 8, port & 255], 56)
    return frame
  }
  const ear = await PacketSocket.open(netns(1), 'eth0', ['ndp', 'arp', 546])
  const voice = await PacketSocket.open(netns(0), 'v0', [546])
  const probe = neighbourProbe(mac, own)
  const redirect = Uint8Array.from(probe)
  redirect[54] = 137
  const sent = [toPort(547), toPort(546), redirect, probe, membership(mac, own), frameTo(546, 1), routerSolicitation(mac)]
  for (const frame of sent) await voice.send(frame)
  const heard: Uint8Array[] = []
  // The kernel of a new link speaks too.
  while (heard.length < 4) heard.push(...((await ear.next(newJob())) ?? expect.fail()).filter((frame) => frame[11] === 7))
  expect(heard).toEqual([toPort(546), probe, frameTo(546, 1), routerSolicitation(mac)])
  for (const socket of [ear, voice]) socket.close()
})

it('what is for a link on the parent is heard on the parent, and what that sends is not', async () => {
  await spaces.do(
    { op: 'link.add', at: 1, name: 'm0', kind: 'macvlan', link: 'eth0', mac: Uint8Array.of(2, 0, 0, 0, 0, 9) },
    { op: 'link.set', at: 1, link: 'm0', up: true },
  )
  const ear = await PacketSocket.open(netns(1), 'eth0', [68])
  const child = await PacketSocket.open(netns(1), 'm0', [68])
  const voice = await PacketSocket.open(netns(0), 'v0', [68])
  const frame = frameTo(68, 1)
  frame.set([2, 0, 0, 0, 0, 9])
  await child.send(frameTo(68, 2))
  await voice.send(frame)
  expect(await ear.next(newJob())).toEqual([frame])
  expect(await child.next(newJob())).toEqual([frame])
  for (const socket of [ear, child, voice]) socket.close()
})

it('an ear for ARP hears what is for others, and nothing else', async () => {
  const arp = Uint8Array.from({ length: 60 }, (_, at) => ([6, 7].includes(at) ? 2 : at === 12 ? 8 : at === 13 ? 6 : 0))
  arp.set([2, 9, 9, 9, 9, 9])
  const ear = await PacketSocket.open(netns(1), 'eth0', ['arp'])
  const voice = await PacketSocket.open(netns(0), 'v0', ['arp'])
  await voice.send(frameTo(68, 1))
  await voice.send(arp)
  expect(await ear.next(newJob())).toEqual([arp])
  expect(spaces.link(1, 'eth0').promiscuity).toBe(1)
  for (const socket of [ear, voice]) socket.close()
  await expect.poll(() => spaces.link(1, 'eth0').promiscuity).toBe(0)
})

it('ends when it is cancelled, when its link goes down, and with its namespace', async () => {
  const other = addon().Netns.at(spaces.paths[1])
  const ear = await PacketSocket.open(other, 'eth0', [68])
  const job = newJob()
  const cancelled = ear.next(job)
  expect(addon().cancel(job)).toBe(true)
  expect(await cancelled).toBeNull()

  const down = expect(ear.next(newJob())).rejects.toMatchObject({ errno: -100 })
  await spaces.do({ op: 'link.set', at: 1, link: 'eth0', up: false })
  await down

  const closed = ear.next(newJob())
  other.close()
  expect(await closed).toBeNull()
  await expect(ear.send(frameTo(68, 1))).rejects.toMatchObject({ errno: -9 })
  ear.close()
  expect(ear.closed).toBe(true)
  expect(() => ear.next(newJob())).toThrow(expect.objectContaining({ code: 'ERR_CNM_CLOSED' }))
})

it('a wire says once that it is lost, and nothing when it was closed', async () => {
  const lost: Error[] = []
  const open = () => openWire(netns(1), 'eth0', [68], { hear: () => {}, lost: (reason) => lost.push(reason) })
  const one = await open()
  const two = await open()
  two.close()
  await spaces.do({ op: 'link.set', at: 1, link: 'eth0', up: false })
  await expect.poll(() => lost.length).toBe(1)
  one.close()
  expect(lost).toMatchObject([{ errno: -100 }])
})

it('a link that is not there is refused', async () => {
  await expect(PacketSocket.open(netns(0), 'no', [68])).rejects.toMatchObject({ errno: -19 })
})

it.each([
  ['link', () => PacketSocket.open(netns(0), '', [68])],
  ['heard', () => PacketSocket.open(netns(0), 'v0', [0])],
  ['heard', () => PacketSocket.open(netns(0), 'v0', [65536])],
  ['heard', () => PacketSocket.open(netns(0), 'v0', [67, 68])],
  ['heard', () => PacketSocket.open(netns(0), 'v0', ['arp', 'udp' as 'arp'])],
  ['heard', () => PacketSocket.open(netns(0), 'v0', [])],
  ['heard', () => PacketSocket.open(netns(0), 'v0', 68 as unknown as [])],
])('a wrong %s is misuse', (field, act) => {
  expect(act).toThrow(expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`${field}: `) }))
})
