import { describe, expect, it } from 'vitest'
import { bridge } from '../../lib/drivers/bridge.ts'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { reaches } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })

describe('who needs not be asked for', () => {
  it('a sandbox and the host know each other without a neighbour protocol, and forget with the endpoint', async () => {
    await stage.cnm.createNetwork({ name: 'net', enableIPv6: true })
    const { path } = await stage.cnm.createSandbox({ name: 'web', networks: [{ network: 'net' }] })
    const endpoint = stage.cnm.seats('web')[0]?.endpoint
    host('nft', 'add table arp silence; add chain arp silence in { type filter hook input priority 0; policy drop; }')
    host('nft', 'add table ip6 silence; add chain ip6 silence in { type filter hook input priority 0; }')
    host('nft', 'add rule ip6 silence in icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } drop')
    for (const gateway of [endpoint?.gateway, endpoint?.gateway6]) expect(await reaches(path, gateway ?? '')).toBe(true)
    for (const own of [endpoint?.address, endpoint?.address6]) expect(await reaches(stage.lab.host, own?.split('/')[0] ?? '')).toBe(true)
    host('nft', 'delete table arp silence; delete table ip6 silence')
    expect(host('ip', 'neigh', 'show', 'nud', 'permanent')).toContain(endpoint?.mac)
    await stage.cnm.disconnect('web', 'net')
    expect(host('ip', 'neigh', 'show', 'nud', 'permanent')).not.toContain(endpoint?.mac)
  })
})

describe('a network with no room left', () => {
  it('is named before anything is done, and there was a warning', async () => {
    const small = { ...bridge, name: 'small', capabilities: { ...bridge.capabilities, maxEndpoints: 2 } }
    await stage.reopen({ drivers: [small] })
    await stage.cnm.createNetwork({ name: 'net', driver: 'small' })
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    await stage.cnm.createSandbox({ networks: [{ network: 'net' }] })
    expect(await warned).toMatchObject({ code: 'CNM_NETWORK_NEARLY_FULL', message: 'network net has 1 endpoints; a small takes 2' })
    await stage.cnm.createSandbox({ networks: [{ network: 'net' }] })
    await expect(stage.cnm.createSandbox({ networks: [{ network: 'net' }] })).rejects.toMatchObject({
      code: 'NETWORK_FULL',
      message: 'network net is full: a small takes 2 endpoints',
    })
  })

  it('the kernel counts the ports of others too, and the limit is named', async () => {
    const join = (name: string) => `link set ${name} master br7 group 7`
    const pair = (n: number) => [`link add a${n} type veth peer name b${n}`, join(`a${n}`), join(`b${n}`)]
    host('ip', 'link', 'add', 'br7', 'address', '02:00:00:00:00:99', 'type', 'bridge')
    const lines = Array.from({ length: 512 }, (_, n) => pair(n)).flat()
    must(['ip', '-batch', '-'], { netns: stage.lab.host, input: lines.slice(0, -1).join('\n') })
    await stage.cnm.createNetwork({ name: 'net', options: { 'com.docker.network.bridge.name': 'br7' } })
    await expect(stage.cnm.createSandbox({ networks: [{ network: 'net' }] })).rejects.toMatchObject({
      message: expect.stringContaining('EXFULL'),
      remedy: 'the bridge is full: it takes 1,023 ports',
    })
    await stage.cnm.removeNetwork('net')
    host('ip', 'link', 'del', 'group', '7')
    host('ip', 'link', 'del', 'br7')
  })
})
