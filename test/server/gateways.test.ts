import { describe, expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { Engine, portMap } from './engine.ts'

// A container on two networks, as an engine from 28 on tells of it: each family has a way out of its own.

const stage = new Stage()

const KEY = '/var/run/docker/netns/0123456789ab'
const NO_IPV6 = { 'com.docker.network.driver.private.no_proxy_6to4': true }
const port = (hostPort: number, last = hostPort) => ({ Proto: 6, IP: '', Port: 80, HostIP: '', HostPort: hostPort, HostPortEnd: last })
const ids = (digit: number) => ({ NetworkID: `a${digit}`.repeat(32), EndpointID: `e${digit}`.repeat(32) })

/** Network and endpoint number `digit`. */
async function seat(engine: Engine, digit: number, families: { readonly v4?: boolean; readonly v6?: boolean }, key = KEY): Promise<void> {
  const { v4 = false, v6 = false } = families
  await engine.must('NetworkDriver.CreateNetwork', {
    ...ids(digit),
    Options: { 'com.docker.network.enable_ipv4': v4, 'com.docker.network.enable_ipv6': v6 },
    IPv4Data: v4 ? [{ Pool: `10.4${digit}.0.0/24`, Gateway: `10.4${digit}.0.1/24` }] : [],
    IPv6Data: v6 ? [{ Pool: `fd4${digit}::/64`, Gateway: `fd4${digit}::1/64` }] : [],
  })
  const Interface = { Address: v4 ? `10.4${digit}.0.2/24` : '', AddressIPv6: v6 ? `fd4${digit}::2/64` : '' }
  await engine.must('NetworkDriver.CreateEndpoint', { ...ids(digit), Interface })
  await engine.must('NetworkDriver.Join', { ...ids(digit), SandboxKey: key })
}

const program = (engine: Engine, digit: number, ports = [port(8080)], more: object = {}) =>
  engine.must('NetworkDriver.ProgramExternalConnectivity', { ...ids(digit), Options: { ...portMap(ports), ...more } })
const revoke = (engine: Engine, digit: number) => engine.must('NetworkDriver.RevokeExternalConnectivity', ids(digit))
const remove = async (engine: Engine, ...digits: readonly number[]) => {
  for (const digit of digits) await engine.must('NetworkDriver.DeleteNetwork', ids(digit))
}

/** Where port 80 of containers is led to, by the rules. */
const led = () =>
  [...new Set(must(['nft', 'list', 'ruleset'], { netns: stage.lab.host }).match(/tcp \. \d+ : (10\.4|fd4)[\d.:a-f]+/g))]
    .map((text) => text.replace(/^tcp \. (\d+) : /, '$1 '))
    .sort()

describe('the endpoints of one sandbox share what it publishes', () => {
  it('one is the way out for IPv4, and the next that comes for IPv6', async () => {
    const engine = new Engine(stage.cnm)
    await seat(engine, 1, { v4: true })
    await program(engine, 1)
    await seat(engine, 2, { v4: true, v6: true })
    // The first one's part is what it was, so it is not told.
    await program(engine, 2)
    expect(led()).toEqual(['8080 10.41.0.2', '8080 fd42::2'])
    // The first leaves.
    await revoke(engine, 1)
    await program(engine, 2)
    expect(led()).toEqual(['8080 10.42.0.2', '8080 fd42::2'])
    await remove(engine, 1, 2)
    expect(led()).toEqual([])
  })

  it('one that has both yields IPv6, or IPv4, to the next', async () => {
    const engine = new Engine(stage.cnm)
    await seat(engine, 1, { v4: true, v6: true })
    await program(engine, 1)
    await seat(engine, 2, { v6: true })
    await program(engine, 1, [port(8080)], NO_IPV6)
    await program(engine, 2)
    expect(led()).toEqual(['8080 10.41.0.2', '8080 fd42::2'])
    await revoke(engine, 2)
    await program(engine, 1)
    expect(led()).toEqual(['8080 10.41.0.2', '8080 fd41::2'])
    await seat(engine, 3, { v4: true })
    // Which of the two it is not any more, it is not told.
    await program(engine, 1)
    await program(engine, 3, [port(8080)], NO_IPV6)
    expect(led()).toEqual(['8080 10.43.0.2', '8080 fd41::2'])
    expect(await stage.cnm.findings()).toEqual([])
    await remove(engine, 1, 2, 3)
  })

  it('a port that was chosen is the same in both families', async () => {
    const engine = new Engine(stage.cnm)
    await seat(engine, 1, { v4: true })
    await program(engine, 1, [port(8090, 8095)])
    await seat(engine, 2, { v6: true })
    await program(engine, 2, [port(8090, 8095)])
    expect(led()).toEqual(['8090 10.41.0.2', '8090 fd42::2'])
    await remove(engine, 1, 2)
  })

  it('another sandbox does not get it', async () => {
    const engine = new Engine(stage.cnm)
    await seat(engine, 1, { v4: true })
    await program(engine, 1)
    await seat(engine, 2, { v4: true, v6: true }, '/var/run/docker/netns/ba9876543210')
    const Options = portMap([port(8080)])
    for (const more of [{}, NO_IPV6])
      expect(await engine.ask('NetworkDriver.ProgramExternalConnectivity', { ...ids(2), Options: { ...Options, ...more } })).toMatchObject({
        status: 500,
        said: { Err: expect.stringContaining('Bind for 0.0.0.0:8080 failed: port is already allocated') },
      })
    expect(led()).toEqual(['8080 10.41.0.2'])
    await remove(engine, 1, 2)
  })
})
