import { afterEach, beforeEach, expect, it } from 'vitest'
import { wrap } from '../../lib/ipam/dhcp/frame.ts'
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
  const ear = await PacketSocket.open(netns(1), 'eth0', 68)
  const voice = await PacketSocket.open(netns(0), 'v0', 68)
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

it('an ear for ARP hears what is for others, and nothing else', async () => {
  const arp = Uint8Array.from({ length: 60 }, (_, at) => ([6, 7].includes(at) ? 2 : at === 12 ? 8 : at === 13 ? 6 : 0))
  arp.set([2, 9, 9, 9, 9, 9])
  const ear = await PacketSocket.open(netns(1), 'eth0', 'arp')
  const voice = await PacketSocket.open(netns(0), 'v0', 'arp')
  await voice.send(frameTo(68, 1))
  await voice.send(arp)
  expect(await ear.next(newJob())).toEqual([arp])
  expect(spaces.link(1, 'eth0').promiscuity).toBe(1)
  for (const socket of [ear, voice]) socket.close()
  await expect.poll(() => spaces.link(1, 'eth0').promiscuity).toBe(0)
})

it('ends when it is cancelled, when its link goes down, and with its namespace', async () => {
  const other = addon().Netns.at(spaces.paths[1])
  const ear = await PacketSocket.open(other, 'eth0', 68)
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
  const open = () => openWire(netns(1), 'eth0', 68, { hear: () => {}, lost: (reason) => lost.push(reason) })
  const one = await open()
  const two = await open()
  two.close()
  await spaces.do({ op: 'link.set', at: 1, link: 'eth0', up: false })
  await expect.poll(() => lost.length).toBe(1)
  one.close()
  expect(lost).toMatchObject([{ errno: -100 }])
})

it('a link that is not there is refused', async () => {
  await expect(PacketSocket.open(netns(0), 'no', 68)).rejects.toMatchObject({ errno: -19 })
})

it.each([
  ['link', () => PacketSocket.open(netns(0), '', 68)],
  ['heard', () => PacketSocket.open(netns(0), 'v0', 0)],
  ['heard', () => PacketSocket.open(netns(0), 'v0', 65536)],
  ['heard', () => PacketSocket.open(netns(0), 'v0', 'udp' as 'arp')],
])('a wrong %s is misuse', (field, act) => {
  expect(act).toThrow(expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`${field}: `) }))
})
