import { describe, expect, it } from 'vitest'
import { chooseGateway, rerouting, type Seat } from '../../../../lib/controller/endpoints/gateway.ts'
import type { Endpoint, Network } from '../../../../lib/model/network.ts'
import { printPlan } from '../../../../lib/model/print.ts'

function seat(name: string, { gateway = '10.0.0.1', gateway6 = '', gwPriority = 0, internal = false } = {}): Seat {
  const network = { id: `n-${name}`, name, internal } as Network
  const endpoint = { id: `e-${name}`, ifname: `${name}0`, gateway, gateway6, gwPriority } as Endpoint
  return { network, endpoint }
}

const chosen = (...seats: Seat[]) => [chooseGateway(seats, 4)?.network.name, chooseGateway(seats, 6)?.network.name]

describe('the way out of a sandbox', () => {
  it('is by network name where nothing else tells', () => {
    expect(chosen(seat('b'), seat('a'))).toEqual(['a', undefined])
  })

  it('is through the larger gwPriority before anything else', () => {
    expect(chosen(seat('a', { gateway6: 'fd00::1' }), seat('z', { gwPriority: 1 }), seat('y', { gwPriority: -1 }))).toEqual(['z', 'a'])
  })

  it('prefers a network of both families, and never goes through one without a gateway', () => {
    expect(chosen(seat('a'), seat('dual', { gateway6: 'fd00::1' }))).toEqual(['dual', 'dual'])
    expect(chosen(seat('a', { gateway: '' }))).toEqual([undefined, undefined])
  })

  it('is moved with replace, so that there is never none', () => {
    const [a, b] = [seat('a', { gateway: '10.1.0.1' }), seat('b', { gateway: '10.2.0.1', gwPriority: 1 })]
    const text = (before: Seat[], after: Seat[]) => printPlan(rerouting(before, after), ['', '/run/netns/s']).split('\n')
    expect(text([a], [a, b])).toEqual([expect.stringMatching(/ip route replace default via 10\.2\.0\.1 dev b0$/)])
    expect(text([a, b], [a])).toEqual([expect.stringMatching(/ip route replace default via 10\.1\.0\.1 dev a0$/)])
    expect(text([], [a])).toEqual([expect.stringMatching(/ip route add default via 10\.1\.0\.1 dev a0$/)])
    expect(rerouting([a], [a])).toEqual([])
  })
})
