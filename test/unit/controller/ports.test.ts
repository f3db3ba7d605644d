import { describe, expect, it } from 'vitest'
import { checkOpenings, checkPort, openingsOf } from '../../../lib/controller/ports.ts'
import type { Endpoint, Network, PortBinding } from '../../../lib/model/network.ts'

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

describe('openings', () => {
  it('are one per family where no host address is named', () => {
    expect(openingsOf([port()], [seat])).toEqual([
      { protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 8080, address: '10.0.0.2', port: 80 },
      { protocol: 'tcp', hostIP: '::', hostPort: 8080, address: 'fd00::2', port: 80 },
    ])
  })

  it('are of the family of the host address, and there are none without a way out', () => {
    expect(openingsOf([port({ hostIP: '127.0.0.1' })], [seat]).map(({ hostIP }) => hostIP)).toEqual(['127.0.0.1'])
    expect(openingsOf([port()], [])).toEqual([])
  })

  it('collide on a wildcard or the same address, and say who holds the port', () => {
    const [held] = openingsOf([port()], [seat])
    const holding = held ? [{ holder: 'web', opening: held }] : []
    const wanted = openingsOf([port({ hostIP: '192.0.2.1' })], [seat])
    expect(() => checkOpenings(wanted, holding, 'me')).toThrow(
      expect.objectContaining({ message: 'Bind for 192.0.2.1:8080 failed: port is already allocated', remedy: 'held by sandbox web' }),
    )
    const twice = openingsOf([port({ hostIP: '2001:db8::1' }), port({ hostIP: '2001:0db8:0::1' })], [seat])
    expect(() => checkOpenings(twice, [], 'me')).toThrow(/already allocated/)
    expect(() => checkOpenings(openingsOf([port({ protocol: 'udp' })], [seat]), holding, 'me')).not.toThrow()
    expect(() => checkOpenings(openingsOf([port({ hostPort: 81 })], [seat]), holding, 'me')).not.toThrow()
    expect(() => checkOpenings(openingsOf([port(), port({ port: 81 })], [seat]), [], 'me')).toThrow(/already allocated/)
  })
})

describe('a port binding', () => {
  it.each([
    [{ port: 0 }, '0 is not a port'],
    [{ hostPort: 65536 }, '65536 is not a port'],
    [{ hostPort: 1.5 }, '1.5 is not a port'],
    [{ hostIP: 'localhost' }, 'localhost is not an IP address'],
    [{ hostIP: '::ffff:192.0.2.1' }, 'is an IPv4 address: write it as one'],
    [{ hostIP: '::1' }, 'no kernel lets an answer come back to ::1'],
    [{ protocol: 'icmp' as 'tcp' }, 'unknown protocol icmp'],
  ])('%j is refused', (wrong, reason) => {
    expect(() => checkPort(port(wrong))).toThrow(reason)
  })
})
