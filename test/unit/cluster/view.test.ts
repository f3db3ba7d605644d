import { describe, expect, it } from 'vitest'
import { ENDPOINTS, endpointKey, networkKey, nodeKey, STATE, SWARM } from '../../../lib/cluster/keys.ts'
import { encode } from '../../../lib/cluster/records.ts'
import { type News, NO_NEWS, together, View } from '../../../lib/cluster/view.ts'
import type { SwarmEndpoint } from '../../../lib/model/swarm.ts'

const endpoint = (id: string, more: Partial<SwarmEndpoint> = {}): SwarmEndpoint => ({
  ...{ endpointId: id, networkId: 'n', nodeId: 'a', vtep: '10.99.0.1', mac: '02:00:00:00:00:01', address: '10.0.1.2/24', sandbox: 's' },
  ...more,
})
const put = (endpoint: SwarmEndpoint, revision: number) => ({
  key: endpointKey('n', endpoint.endpointId),
  value: encode(endpoint),
  revision,
})
const gone = (id: string, revision: number) => ({ key: endpointKey('n', id), revision })
const told = ({ gone, came }: News) => [...gone.map(({ vtep }) => `-${vtep}`), ...came.map(({ vtep }) => `+${vtep}`)].join(' ')

describe('a view', () => {
  it('tells of an endpoint that is other than it was as gone and come', () => {
    const view = new View()
    expect(told(view.apply({ revision: 1, written: [put(endpoint('1'), 1)] }))).toBe('+10.99.0.1')
    expect(told(view.apply({ revision: 2, written: [put(endpoint('1', { vtep: '10.99.0.2' }), 2)] }))).toBe('-10.99.0.1 +10.99.0.2')
    expect(told(view.apply({ revision: 3, written: [gone('1', 3)] }))).toBe('-10.99.0.2')
    expect([...view.endpoints.keys()]).toEqual([])
  })

  it('is not misled by a watch that is behind what this node has written itself', () => {
    const view = new View()
    view.learn([put(endpoint('1'), 5)])
    view.learn([gone('1', 7)])
    expect(told(view.apply({ revision: 5, written: [put(endpoint('1'), 5)] }))).toBe('')
    expect(told(view.apply({ revision: 6, written: [put(endpoint('1'), 6)] }))).toBe('')
    expect(told(view.apply({ revision: 7, written: [gone('1', 7)] }))).toBe('')
    expect([view.endpointsOn('n').size, view.seen]).toEqual([0, 7])
    expect(told(view.apply({ revision: 8, written: [put(endpoint('1'), 8)] }))).toBe('+10.99.0.1')
  })

  it('takes a snapshot for all there is, but for what was written after it', () => {
    const view = new View()
    view.learn([put(endpoint('1'), 3), put(endpoint('2', { vtep: '10.99.0.2' }), 9)])
    expect(told(view.replace({ revision: 6, rows: [put(endpoint('3', { vtep: '10.99.0.3' }), 4)] }))).toBe('-10.99.0.1 +10.99.0.3')
    expect([...view.endpointsOn('n').keys()].sort()).toEqual(['2', '3'])
    expect(told(view.replace({ revision: 10, rows: [] }, `${STATE}networks/`))).toBe('')
  })

  it('is not misled by what was read before the watch told more, whose answer came after it', () => {
    const view = new View()
    view.begin({ revision: 3, rows: [put(endpoint('1'), 2), put(endpoint('2', { vtep: '10.99.0.2' }), 3)] })
    const before = [put(endpoint('1'), 2), put(endpoint('2', { vtep: '10.99.0.2' }), 3)]
    view.apply({ revision: 5, written: [gone('1', 4), put(endpoint('3', { vtep: '10.99.0.3' }), 5)] })
    for (const prefix of [STATE, ENDPOINTS]) expect(told(view.replace({ revision: 3, rows: before }, prefix))).toBe('')
    // Of a transaction that was refused.
    expect(told(view.learn(before))).toBe('')
    expect([...view.endpointsOn('n').keys()]).toEqual(['2', '3'])
    expect(view.seen).toBe(5)
  })

  it('believes a store that was put back to an earlier day', () => {
    const view = new View()
    view.apply({ revision: 9, written: [put(endpoint('1'), 8), put(endpoint('2', { vtep: '10.99.0.2' }), 9)] })
    expect(told(view.begin({ revision: 3, rows: [put(endpoint('1', { vtep: '10.99.0.3' }), 3)] }))).toBe('-10.99.0.2 -10.99.0.1 +10.99.0.3')
    expect(told(view.apply({ revision: 4, written: [put(endpoint('4', { vtep: '10.99.0.4' }), 4)] }))).toBe('+10.99.0.4')
  })

  it('counts a row that is not what it should be as absent, and says why', () => {
    const view = new View()
    const written = [
      { key: SWARM, value: '{"id":1}', revision: 1 },
      { key: networkKey('n'), value: 'not JSON', revision: 1 },
      {
        key: nodeKey('a'),
        value: encode({ id: 'a', name: 'a', address: 'x', dataPath: 'x', joined: '', publicKey: '', wireguardKey: '' }),
        revision: 1,
      },
      { key: endpointKey('n', '1'), value: '{"endpointId":"1"}', revision: 1 },
    ]
    expect(view.apply({ revision: 1, written })).toMatchObject({ gone: [], came: [] })
    expect([view.swarm, view.networks.size, view.nodes.size, view.endpointsOn('n').size]).toEqual([undefined, 0, 1, 0])
    expect([...view.problems.keys()]).toEqual([SWARM, networkKey('n'), endpointKey('n', '1')])
    expect(view.problems.get(SWARM)).toBe('id should be text')
    view.apply({ revision: 2, written: [put(endpoint('1'), 2)] })
    expect([...view.problems.keys()]).toEqual([SWARM, networkKey('n')])
  })

  it('forgets, of two pieces of news, what only passed by', () => {
    const [a, b] = [endpoint('1'), endpoint('1', { vtep: '10.99.0.2' })]
    const news = (gone: SwarmEndpoint[], came: SwarmEndpoint[]): News => ({ ...NO_NEWS, gone, came })
    expect(told(together([news([], [a]), news([a], [])]))).toBe('')
    expect(told(together([news([], [a]), news([a], [b])]))).toBe('+10.99.0.2')
    expect(told(together([news([a], [b]), news([b], [])]))).toBe('-10.99.0.1')
  })
})
