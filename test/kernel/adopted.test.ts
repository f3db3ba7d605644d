import { beforeEach, describe, expect, it } from 'vitest'
import { BEYOND4, HOST4, LAN4 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'
import { ask, reaches, serve } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })
const options = { 'com.docker.network.bridge.name': 'theirs' }
const create = (more: object = {}) =>
  stage.cnm.createNetwork({ name: 'net', options: { ...options, ...more }, ipam: { config: [{ subnet: '10.7.0.0/24' }] } })

/** A bridge of the operator's, with an address and a port of its own. A MAC that was set does not change with the ports. */
beforeEach(() => {
  host('ip', 'link', 'add', 'theirs', 'address', '02:00:00:00:00:99', 'type', 'bridge')
  host('ip', 'link', 'add', 'port0', 'type', 'veth', 'peer', 'name', 'port1')
  host('ip', 'link', 'set', 'port0', 'master', 'theirs')
  // Its queue is another once it was up.
  host('ip', 'link', 'set', 'theirs', 'up')
  host('ip', 'link', 'set', 'theirs', 'down')
  host('ip', 'addr', 'add', '10.99.0.1/24', 'dev', 'theirs')
  stage.accept()
})

const addresses = () => host('ip', '-4', '-o', 'addr', 'show', 'dev', 'theirs').match(/10\.\S+/g)

describe('a bridge that somebody else made', () => {
  it('is used, and keeps what it has; when the network goes, it is as it was', async () => {
    const had = snapshot(stage.lab.host)
    await create({ 'com.docker.network.driver.mtu': '1400' })
    const ports = [{ protocol: 'tcp' as const, hostIP: '', hostPort: 8080, port: 80 }]
    const { path } = await stage.cnm.createSandbox({ name: 'web', networks: [{ network: 'net' }], ports })
    await using _server = await serve(path, 'tcp', '0.0.0.0', 80)
    expect(addresses()).toEqual(['10.99.0.1/24', '10.7.0.1/24'])
    expect(await reaches(path, BEYOND4)).toBe(true)
    expect(await ask(stage.lab.lan, 'tcp', HOST4, 8080)).toBe(LAN4)
    await stage.cnm.removeSandbox('web')
    await stage.cnm.removeNetwork('net')
    expect(snapshot(stage.lab.host)).toEqual(had)
  })

  it('keeps the address that is both its own and the gateway, and stays up', async () => {
    host('ip', 'addr', 'add', '10.7.0.1/24', 'dev', 'theirs')
    host('ip', 'link', 'set', 'theirs', 'up')
    stage.accept()
    await create()
    await stage.reopen()
    await stage.cnm.removeNetwork('net')
    expect(addresses()).toEqual(['10.99.0.1/24', '10.7.0.1/24'])
    expect(host('ip', '-j', 'link', 'show', 'dev', 'theirs')).toContain('"UP"')
  })

  it('is given back when the network cannot be made', async () => {
    const had = snapshot(stage.lab.host)
    await create({ 'com.docker.network.driver.mtu': '70000' }).catch(() => {})
    expect(snapshot(stage.lab.host)).toEqual(had)
  })

  it('is not for two networks', async () => {
    await create()
    const twice = stage.cnm.createNetwork({ name: 'two', options })
    await expect(twice).rejects.toThrow(/conflicts with network \w+ \(theirs\): networks have same bridge name/)
  })
})
