import { describe, expect, it } from 'vitest'
import type { IpamConfig } from '../../lib/model/request.ts'
import { must, run } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })
const MTU = 'com.docker.network.driver.mtu'

async function create(options: Readonly<Record<string, string>>, more: object = {}, config: readonly IpamConfig[] = []): Promise<void> {
  await stage.cnm.createNetwork({ name: 'net', options, ipam: { config }, ...more })
}

const join = (name: string, network = 'net') => stage.cnm.createSandbox({ name, networks: [{ network }] })

/** Whether a packet of that size gets from a namespace to an address in one piece. */
const passes = (netns: string, size: number, address: string): boolean =>
  run(['ping', '-c1', '-W1', '-Mdo', `-s${size - 28}`, address], { netns }).status === 0

describe('links too small for IPv6', () => {
  it.each([68, 576, 1279])('of a bridge with an MTU of %i carry IPv4, and are what the doctor expects', async (mtu) => {
    await create({ [MTU]: String(mtu) }, {}, [{ subnet: '10.7.0.0/24' }])
    const { path } = await join('a')
    expect([passes(path, mtu, '10.7.0.1'), passes(path, mtu + 1, '10.7.0.1')]).toEqual([true, false])
    expect(await stage.cnm.findings()).toEqual([])
    host('ip', 'link', 'del', `br-${stage.cnm.network('net').id.slice(0, 12)}`)
    await join('b')
    expect(await stage.cnm.repair()).toMatchObject({ left: [], errors: [] })
    expect([passes(path, mtu, '10.7.0.1'), await stage.cnm.findings()]).toEqual([true, []])
  })

  it.each([
    ['that says so', 1500, { [MTU]: '1000' }],
    ['whose parent is', 1000, {}],
  ])('of a macvlan network %s: its endpoints and the host reach one another', async (_, mtu, options) => {
    host('ip', 'link', 'set', 'lan0', 'mtu', String(mtu))
    stage.accept()
    await create({ parent: 'lan0', 'cnm.host_access': 'true', ...options }, { driver: 'macvlan' }, [
      { subnet: '10.7.0.0/24', auxAddresses: { host: '10.7.0.9' } },
    ])
    const { path } = await join('a')
    expect([passes(path, 1000, '10.7.0.9'), passes(path, 1001, '10.7.0.9')]).toEqual([true, false])
    expect(await stage.cnm.findings()).toEqual([])
  })

  it.each([
    ['bridge', { [MTU]: '1200' }, `1200 of ${MTU}`],
    ['bridge', { 'com.docker.network.bridge.name': 'small' }, '1200 of small'],
    ['macvlan', { [MTU]: '1200', parent: 'lan0' }, `1200 of ${MTU}`],
    ['macvlan', { parent: 'small' }, '1200 of small'],
  ])('%s %j: IPv6 is refused, and nothing is changed', async (driver, options, source) => {
    host('ip', 'link', 'add', 'small', 'mtu', '1200', 'type', 'bridge')
    stage.accept()
    const before = snapshot(stage.lab.host)
    await expect(create(options, { driver, enableIPv6: true })).rejects.toThrow(`IPv6 needs an MTU of 1280, and has ${source}`)
    expect(snapshot(stage.lab.host)).toEqual(before)
  })
})
