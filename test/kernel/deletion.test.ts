import { rmSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Outcomes } from '../../lib/index.ts'
import { DOOMED } from '../support/built.ts'
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

  it('is deleted when nothing else is done, or after a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'net' }] })
      await stage.cnm.disconnect('s', 'net')
      for (let ms = 90; ms < 1000; ms += 90) {
        vi.advanceTimersByTime(90)
        await stage.cnm.createNetwork({ name: `after${ms}` })
        expect(retired(stage.lab.host)).not.toBe('')
      }
      vi.advanceTimersByTime(10)
    } finally {
      vi.useRealTimers()
    }
    await expect.poll(() => retired(stage.lab.host)).toBe('')
  })

  it('is deleted when the controller is closed', async () => {
    await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'net' }] })
    await stage.cnm.disconnect('s', 'net')
    await stage.cnm.removeNetwork('net')
    await stage.cnm.close()
    expect(retired(stage.lab.host)).toBe('')
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

describe('many that are taken away at once', () => {
  const port = (n: number) => ({ protocol: 'tcp' as const, hostIP: '', hostPort: 8000 + n, port: 80 })
  const names = Array.from({ length: 24 }, (_, n) => `s${n}`)
  const members = () => stage.cnm.guests('net').map(({ sandbox }) => sandbox.name)
  const reasons = (outcomes: Outcomes<unknown>) => outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'gone'))

  beforeEach(async () => {
    await stage.cnm.createNetwork({ name: 'other' })
    for (const [n, name] of names.entries())
      await stage.cnm.createSandbox({ name, networks: [{ network: 'net' }], ...(n % 8 === 0 ? { ports: [port(n)] } : {}) })
  })

  it('go in one piece, and what one has against it is its own', async () => {
    await stage.cnm.connect('s0', { network: 'other' })
    const abort = AbortSignal.abort(new Error('changed my mind'))
    // Where its namespace was, somebody has put something else.
    const { path } = stage.cnm.sandbox('s7')
    must(['umount', '--lazy', path])
    writeFileSync(path, 'precious')
    const kept = expect(stage.cnm.removeSandbox('s23', { signal: abort })).rejects.toThrow('changed my mind')
    const outcomes = await stage.cnm.removeSandboxes(['nobody', ...names.slice(0, 20), 's3'])
    const fate = (name: string) => (name === 's7' ? 'KERNEL_REFUSED' : 'gone')
    expect(reasons(outcomes)).toEqual(['SANDBOX_NOT_FOUND', ...names.slice(0, 20).map(fate), 'SANDBOX_NOT_FOUND'])
    rmSync(path)
    await kept
    expect(members()).toEqual(names.slice(20))
    // Nothing waits to be deleted.
    expect(links(stage.lab.host).match(/veth|gone/g)).toHaveLength(4)
    expect(must(['nft', 'list', 'table', 'inet', 'cnm'], { netns: stage.lab.host })).not.toMatch(/ 80(00|08|16) /)
    must(['ping', '-c', '1', '-w', '5', LAN4], { netns: stage.cnm.sandbox('s20').path })
  })

  it('leave a network in one piece, and their sandboxes stay', async () => {
    for (const name of names.slice(0, 10)) await stage.cnm.connect(name, { network: 'other' })
    const leave = (name: string, network: string) => stage.cnm.disconnect(name, network)
    const outcomes = await Promise.allSettled([
      ...names.map((name) => leave(name, 'net')),
      ...names.slice(0, 3).map((name) => leave(name, 'other')),
      leave('s5', 'net'),
    ])
    expect(reasons(outcomes)).toEqual([...Array(27).fill('gone'), 'NOT_CONNECTED'])
    expect(members()).toEqual([])
    expect(links(stage.lab.host).match(/veth|gone/g)).toHaveLength(7)
    const [first, later] = ['s0', 's8'].map((name) => stage.cnm.sandbox(name).path)
    expect(links(first ?? '')).not.toContain('eth')
    // Its way out, and its port, are by the network that is left to it.
    must(['ping', '-c', '1', '-w', '5', LAN4], { netns: later ?? '' })
    expect(stage.cnm.openings('s8').map(({ address }) => address)).toEqual([stage.cnm.seats('s8')[0]?.endpoint.address?.split('/')[0]])
    await stage.cnm.connect('s0', { network: 'net' })
  })

  it('are all there or all gone when their process is killed', async () => {
    const { root, run: runDirectory, host } = stage.lab
    const left = async (verb: string, step: string): Promise<number> => {
      await stage.cnm.close()
      const { stdout, stderr } = run([process.execPath, DOOMED, root, runDirectory, host, step, JSON.stringify([verb, names])])
      expect([stdout, stderr]).toEqual([step, ''])
      stage.cnm = await stage.lab.open()
      expect(retired(host)).toBe('')
      expect(await stage.cnm.findings(), step).toEqual([])
      return stage.cnm.sandboxes().length
    }
    expect(await left('removeSandboxes', 'put journal')).toBe(24)
    expect(await left('removeSandboxes', 'after link.set')).toBe(0)
    await Promise.all(names.map((name) => stage.cnm.createSandbox({ name, networks: [{ network: 'net' }] })))
    expect(await left('removeSandboxes', 'after netns.del')).toBe(0)
  })
})

it('connections of an address are forgotten before it is given again', async () => {
  const one = await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'net', ip: '10.1.0.9' }] })
  must(['ping', '-c', '1', '-w', '5', LAN4], { netns: one.path })
  await stage.cnm.disconnect('one', 'net')
  expect(tracked()).toContain('src=10.1.0.9 ')
  const left = retired(stage.lab.host)
  await stage.cnm.createSandbox({ name: 'two', networks: [{ network: 'net', ip: '10.1.0.9' }] })
  expect(tracked()).not.toContain('src=10.1.0.9 ')
  // For its link nobody had to wait.
  expect(left).not.toBe('')
  expect(retired(stage.lab.host)).toBe(left)
})
