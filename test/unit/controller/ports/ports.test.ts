import { describe, expect, it } from 'vitest'
import { forgetOpened } from '../../../../lib/controller/ports/connections.ts'
import { checkPort, checkSpots, type Held, openingsOf, PUBLISHING, type Spot } from '../../../../lib/controller/ports/ports.ts'
import type { Publishing } from '../../../../lib/drivers/driver.ts'
import type { Endpoint, Network, PortBinding } from '../../../../lib/model/network.ts'

const port = (overrides: Partial<PortBinding> = {}): PortBinding => ({
  protocol: 'tcp',
  hostIP: '',
  hostPort: 8080,
  port: 80,
  ...overrides,
})

const seat = {
  network: { name: 'n' } as Network,
  endpoint: { address: '10.0.0.2/24', address6: 'fd00::2/64', gateway: '10.0.0.1', gateway6: 'fd00::1', gwPriority: 0 } as Endpoint,
}

const always = () => PUBLISHING
const open = (ports: PortBinding[], publishing: Partial<Publishing> = {}) =>
  openingsOf(ports, [seat], () => ({ ...PUBLISHING, ...publishing }))
const hold = (openings: readonly Spot[], name: string): Held[] =>
  openings.map((opening) => ({ ...opening, holder: () => `sandbox ${name}` }))

describe('openings', () => {
  it('are one per family where no host address is named', () => {
    expect(open([port()])).toEqual([
      { protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 8080, address: '10.0.0.2', port: 80, direct: false },
      { protocol: 'tcp', hostIP: '::', hostPort: 8080, address: 'fd00::2', port: 80, direct: false },
    ])
  })

  it('are where the network has them by default', () => {
    expect(open([port()], { hostIP: { 4: '192.0.2.1' } }).map(({ hostIP }) => hostIP)).toEqual(['192.0.2.1'])
    expect(open([port({ hostIP: '::' })], { hostIP: { 4: '192.0.2.1' } }).map(({ hostIP }) => hostIP)).toEqual(['::'])
  })

  it('of a routed family are at the own address, and no port of the host is taken', () => {
    expect(open([port()], { modes: { 4: 'routed', 6: 'nat' } })[0]).toEqual({
      protocol: 'tcp',
      hostIP: '',
      hostPort: 0,
      address: '10.0.0.2',
      port: 80,
      direct: true,
    })
  })

  it('of a routed network are there without being the way out, of another are not', () => {
    const modes = { 4: 'routed', 6: 'nat' } as const
    const back = { ...seat, network: { name: 'z' } as Network, endpoint: { ...seat.endpoint, address: '10.0.1.2/24' } }
    const addresses = openingsOf([port()], [seat, back], ({ name }) => (name === 'z' ? { ...PUBLISHING, modes } : PUBLISHING))
    expect(addresses.map(({ address }) => address)).toEqual(['10.0.0.2', '10.0.1.2', 'fd00::2'])
  })

  it('are of the family of the host address, and there are none without a way out', () => {
    expect(open([port({ hostIP: '127.0.0.1' })]).map(({ hostIP }) => hostIP)).toEqual(['127.0.0.1'])
    expect(openingsOf([port()], [], always)).toEqual([])
  })

  it('collide on a wildcard or the same address, and say who holds the port', () => {
    const holding = hold(open([port()]), 'web')
    expect(() => checkSpots(open([port({ hostIP: '192.0.2.1' })]), holding, 'me')).toThrow(
      expect.objectContaining({ message: 'Bind for 192.0.2.1:8080 failed: port is already allocated', remedy: 'held by sandbox web' }),
    )
    const twice = open([port({ hostIP: '2001:db8::1' }), port({ hostIP: '2001:0db8:0::1' })])
    expect(() => checkSpots(twice, [], 'me')).toThrow(/already allocated/)
    expect(() => checkSpots(open([port({ protocol: 'udp' })]), holding, 'me')).not.toThrow()
    expect(() => checkSpots(open([port({ hostPort: 81 })]), holding, 'me')).not.toThrow()
    expect(() => checkSpots(open([port(), port({ port: 81 })]), [], 'me')).toThrow(/already allocated/)
    const routed = open([port(), port({ port: 81 })], { modes: { 4: 'routed', 6: 'routed' } })
    expect(() => checkSpots(routed, [], 'me')).not.toThrow()
  })
})

describe('what is forgotten when ports are opened', () => {
  it('is one step for each run of ports, however many they are', () => {
    const at = (hostIP: string, hostPort: number, protocol: 'tcp' | 'udp' = 'udp') =>
      ({ protocol, hostIP, hostPort, address: '10.0.0.2', port: 53, direct: false }) as const
    const many = Array.from({ length: 1000 }, (_, n) => at('::', 10_000 + n))
    const steps = forgetOpened([
      at('0.0.0.0', 55),
      at('0.0.0.0', 53),
      ...many,
      at('0.0.0.0', 54),
      at('0.0.0.0', 57),
      at('192.0.2.1', 53, 'tcp'),
    ])
    expect(steps.map((op) => op.op === 'conntrack.del' && [op.family, op.origDport, op.origDportEnd])).toEqual([
      [4, 53, 55],
      [4, 57, undefined],
      [6, 10_000, 10_999],
    ])
  })
})

describe('a port binding', () => {
  it.each([
    [{ port: 0 }, '0 is not a port'],
    [{ hostPort: 65536 }, '65536 is not a port'],
    [{ hostPortEnd: 8000 }, '8080-8000 is not a range of ports'],
    [{ hostPort: 1.5 }, '1.5 is not a port'],
    [{ hostIP: 'localhost' }, 'localhost is not an IP address'],
    [{ hostIP: '::ffff:192.0.2.1' }, 'is an IPv4 address: write it as one'],
    [{ hostIP: '::1' }, 'no kernel lets an answer come back to ::1'],
    [{ hostIP: '224.0.0.1' }, "224.0.0.1 is nobody's own address"],
    [{ hostIP: '255.255.255.255' }, "nobody's own address"],
    [{ hostIP: 'ff02::1' }, "nobody's own address"],
    [{ protocol: 'icmp' as 'tcp' }, 'unknown protocol icmp'],
  ])('%j is refused', (wrong, reason) => {
    expect(() => checkPort({ ...port(), ...wrong })).toThrow(reason)
  })
})
