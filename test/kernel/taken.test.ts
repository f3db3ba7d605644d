import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { settled, snapshot } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()
const host = (line: string) => must(['ip', ...line.split(' ')], { netns: stage.lab.host })
const look = () => {
  const { links, addresses, routes4, routes6, sysctls } = snapshot(stage.lab.host)
  return { links, addresses, routes4, routes6, sysctls }
}

const NETWORKS = {
  'a name of ours': {},
  'a name of the user’s': { options: { 'com.docker.network.bridge.name': 'front0' } },
}
let link: string

/** In the place of the network's bridge is one of somebody else's, with an address and a port. */
async function take(network: object): Promise<void> {
  const { id } = await stage.cnm.createNetwork({
    name: 'front',
    enableIPv6: true,
    ipam: { config: [{ subnet: '10.7.0.0/24' }] },
    ...network,
  })
  link = 'options' in network ? 'front0' : `br-${id.slice(0, 12)}`
  await stage.cnm.createSandbox({ name: 'web', networks: [{ network: 'front' }] })
  host(`link del ${link}`)
  host(`link add ${link} type bridge`)
  host(`addr add 10.99.0.1/24 dev ${link}`)
  host(`link add their0 type veth peer name their1`)
  host(`link set their0 up master ${link}`)
  host('link set their1 up')
  host(`link set ${link} up`)
  await settled(stage.lab.host)
}

afterEach(async () => {
  for (const { id } of stage.cnm.sandboxes()) await stage.cnm.removeSandbox(id)
  await stage.cnm.removeNetwork('front')
  expect(host(`-4 -o addr show dev ${link}`)).toContain('10.99.0.1/24')
  host(`link del ${link}`)
  host('link del their0')
})

describe.each(Object.entries(NETWORKS))('a bridge of somebody else’s with %s is not ours', (_, network) => {
  beforeEach(() => take(network))

  it('a repair finds it, and leaves it alone', async () => {
    const had = look()
    const { left, errors } = await stage.cnm.repair()
    expect(left).toMatchObject([{ code: 'LINK_FOREIGN', subject: 'network front', fix: `ip link del ${link}` }])
    expect(errors).toEqual([])
    expect(look()).toEqual(had)
  })

  it('a controller on guard leaves it alone', async () => {
    const had = look()
    await stage.reopen({ guard: true })
    host(`link set ${link} name aside`)
    host(`link set aside name ${link}`)
    await expect.poll(look).toEqual(had)
    await stage.reopen()
  })

  it('once it has gone, the network comes back', async () => {
    host(`link set ${link} name aside`)
    expect((await stage.cnm.repair()).left).toEqual([])
    expect(host(`-4 -o addr show dev ${link}`)).toContain('10.7.0.1/24')
    host(`link del ${link}`)
    host(`link set aside name ${link}`)
  })
})

it('a sandbox is not put on a bridge that has the place of ours, and it is named', async () => {
  await take(NETWORKS['a name of the user’s'])
  const had = look()
  const { id } = stage.cnm.network('front')
  const refusal = { code: 'LINK_TAKEN', message: `network front has lost its link ${link}: somebody else has made one of that name` }
  await expect(stage.cnm.createSandbox({ networks: [{ network: 'front' }] })).rejects.toMatchObject(refusal)
  await stage.cnm.createSandbox({ name: 'late', networks: [] })
  await expect(stage.cnm.connect('late', { network: id })).rejects.toMatchObject(refusal)
  expect(look()).toEqual(had)
})
