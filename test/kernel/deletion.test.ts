import { beforeEach, describe, expect, it } from 'vitest'
import { LAN4 } from '../support/lab.ts'
import { must, run } from '../support/run.ts'
import { retired } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()
const links = (netns: string) => must(['ip', '-o', 'link'], { netns })
const tracked = () => must(['conntrack', '-L'], { netns: stage.lab.host })

beforeEach(async () => {
  await stage.cnm.createNetwork({ name: 'net', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
})

describe('what is taken away', () => {
  it('is out of service at once, and deleted a moment later', async () => {
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'net', ip: '10.1.0.9' }] })
    must(['ip', 'addr', 'add', '10.7.0.1/24', 'dev', 'eth0'], { netns: path })
    await stage.cnm.disconnect('s', 'net')
    expect(retired(stage.lab.host)).toMatch(/: gone\w+@.* state DOWN /)
    expect(links(path)).not.toContain('eth0')
    expect(must(['ip', 'addr'], { netns: path })).not.toContain('10.1.0.9')
    expect(must(['ip', 'route', 'show', 'table', 'all'], { netns: path })).not.toContain('10.1.0.')
    expect(must(['ip', 'route'], { netns: path })).toBe('')
    await expect.poll(() => retired(stage.lab.host)).toBe('')
    expect(links(path)).not.toContain('gone')
  })

  it('is in nobody’s way: link, name, address and port are free at once', async () => {
    const bridge = { name: 'web', options: { 'com.docker.network.bridge.name': 'web0' }, ipam: { config: [{ subnet: '10.2.0.0/24' }] } }
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [] })
    for (let round = 0; round < 3; round++) {
      await stage.cnm.createNetwork(bridge)
      await stage.cnm.connect('s', { network: 'web', ip: '10.2.0.2' })
      must(['ping', '-c', '1', '-w', '5', LAN4], { netns: path })
      expect(links(path)).toContain('eth0')
      await stage.cnm.disconnect('s', 'web')
      await stage.cnm.removeNetwork('web')
      expect(must(['ip', 'route', 'show', 'table', 'all'], { netns: stage.lab.host })).not.toContain('10.2.0.')
    }
  })

  it('is deleted when the controller is closed', async () => {
    await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'net' }] })
    await stage.cnm.disconnect('s', 'net')
    await stage.cnm.removeNetwork('net')
    await stage.cnm.close()
    expect(retired(stage.lab.host)).toBe('')
    await stage.reopen()
  })

  it('goes in groups', async () => {
    for (let i = 0; i < 40; i++) await stage.cnm.createSandbox({ name: `s${i}`, networks: [{ network: 'net' }] })
    await Promise.all(stage.cnm.sandboxes().map(({ id }) => stage.cnm.removeSandbox(id)))
    await stage.cnm.close()
    expect(links(stage.lab.host)).not.toMatch(/veth|gone/)
    await stage.reopen()
  })

  it('is deleted by the next controller when this one is killed', async () => {
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'net' }] })
    must(['ping', '-c', '1', '-w', '5', LAN4], { netns: path })
    await stage.cnm.close()
    const { root, run: runDirectory, host } = stage.lab
    const program = `
      const { open } = require('./dist/cjs/lib/index.js')
      open(${JSON.stringify({ root, run: runDirectory, netns: host })})
        .then((cnm) => cnm.disconnect('s', 'net'))
        .then(() => process.kill(process.pid, 'SIGKILL'))`
    expect(run([process.execPath, '-e', program]).status).toBe(-1)
    expect(retired(host)).not.toBe('')
    expect(tracked()).toContain('src=10.1.0.2 ')
    await stage.reopen()
    expect(retired(host)).toBe('')
    expect(tracked()).not.toContain('src=10.1.0.2 ')
  })
})

it('connections of an address are forgotten before it is given again', async () => {
  const one = await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'net', ip: '10.1.0.9' }] })
  must(['ping', '-c', '1', '-w', '5', LAN4], { netns: one.path })
  await stage.cnm.disconnect('one', 'net')
  expect(tracked()).toContain('src=10.1.0.9 ')
  await stage.cnm.createSandbox({ name: 'two', networks: [{ network: 'net', ip: '10.1.0.9' }] })
  expect(tracked()).not.toContain('src=10.1.0.9 ')
})
