import { expect, it } from 'vitest'
import { type News, NO_NEWS } from '../../../../lib/cluster/view.ts'
import { Tidings } from '../../../../lib/controller/swarm/tidings.ts'
import type { SwarmEndpoint } from '../../../../lib/model/swarm.ts'

const endpoint: SwarmEndpoint = {
  ...{ endpointId: 'e', networkId: 'net', nodeId: 'other', vtep: '10.99.0.2', sandbox: 'web' },
  ...{ mac: '02:42:0a:00:01:02', address: '10.0.1.2/24' },
}
const came: News = { ...NO_NEWS, came: [endpoint] }
const gone: News = { ...NO_NEWS, gone: [endpoint] }

/** Who is known to be there, by somebody who is told so, and `refused` that often when he is told that somebody came. */
function listener(refused: number) {
  const there = new Set<string>()
  const act = async (news: News) => {
    for (const { endpointId } of news.gone) there.delete(endpointId)
    for (const { endpointId } of news.came) there.add(endpointId)
    if (news.came.length > 0 && refused-- > 0) throw new Error('half of it')
  }
  return { there, act }
}

it('who came and went is no news', async () => {
  const tidings = new Tidings(NO_NEWS)
  tidings.hear(came)
  tidings.hear(gone)
  const told: News[] = []
  await tidings.settle(async (news) => void told.push(news))
  expect(told).toEqual([NO_NEWS])
})

it('who came is known to have gone, also when what was told of him was acted upon in part', async () => {
  const tidings = new Tidings(NO_NEWS)
  const { there, act } = listener(2)
  tidings.hear(came)
  await expect(tidings.settle(act)).rejects.toThrow('half of it')
  tidings.hear(gone)
  await expect(tidings.settle(act)).rejects.toThrow('half of it')
  expect([...there]).toEqual(['e'])
  await tidings.settle(act)
  expect([...there]).toEqual([])
  // It is over, and not told again.
  const told: News[] = []
  await tidings.settle(async (news) => void told.push(news))
  expect(told).toEqual([NO_NEWS])
})
