import { describe, expect, it } from 'vitest'
import { servicesOn } from '../../../../lib/controller/swarm/services.ts'
import { shareOf } from '../../../../lib/controller/swarm/shares.ts'
import type { Endpoint } from '../../../../lib/model/network.ts'
import type { Membership, SwarmEndpoint } from '../../../../lib/model/swarm.ts'

const membership = { node: { id: 'a', dataPath: '10.99.0.1' } } as Membership
const share = (id: string, sandbox: string, aliases: readonly string[]): SwarmEndpoint =>
  shareOf(membership, { id, networkId: 'n', mac: '02:00:00:00:00:01', address: '10.0.1.2/24', aliases } as unknown as Endpoint, sandbox)

/** Services on a network that the swarm has these endpoints on. */
const services = (...shares: readonly SwarmEndpoint[]) => {
  const endpointsOn = () => new Map(shares.map((each) => [each.endpointId, each]))
  const hall = { swarm: { session: { view: { endpointsOn } } } } as unknown as Parameters<typeof servicesOn>[0]
  return servicesOn(hall, { id: 'n' }).map(({ name, tasks }) => [name, ...tasks.map(({ endpointId }) => endpointId)])
}

describe('services', () => {
  it('are aliases, in order, each with all who have it by name', () => {
    const [web2, web1, both] = [share('1', 'web2', ['www']), share('2', 'web1', ['www']), share('3', 'a', ['db', 'www', 'db'])]
    expect(services(web2, web1, both)).toEqual([
      ['db', '3'],
      ['www', '3', '2', '1'],
    ])
  })

  it('have one without a name for who has none, whose rows are as they always were', () => {
    const nobody = share('1', 's', [])
    expect(nobody).not.toHaveProperty('services')
    expect(services(nobody, share('2', 's', ['x']))).toEqual([
      ['', '1'],
      ['x', '2'],
    ])
  })

  it('are only what could be told at the door, whatever an engine says', () => {
    const many = Array.from({ length: 70 }, (_, n) => `a${n}`)
    expect(share('1', 's', ['two words', '', 'ok']).services).toEqual(['ok'])
    expect(share('1', 's', many).services).toEqual(many.slice(0, 64))
  })

  it('are none where there is no swarm', () => {
    expect(servicesOn({ swarm: {} } as unknown as Parameters<typeof servicesOn>[0], { id: 'n' })).toEqual([])
  })
})
