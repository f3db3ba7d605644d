import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { must, run } from '../support/run.ts'
import { Host } from './host.ts'

let host: Host
beforeAll(async () => {
  host = new Host()
  await host.must('network create --subnet 10.10.0.0/24 front')
  await host.must('network create --ipv6 --subnet 10.20.0.0/24 --subnet fd00:20::/64 back')
})
afterAll(() => host[Symbol.asyncDispose]())

describe('a sandbox', () => {
  it('is created on networks, listed with its addresses and ports, and removed', async () => {
    const id = await host.must([
      ...'sandbox create --name web --label app=shop -p 8080:80 -p 127.0.0.1:53:53/udp'.split(' '),
      ...'--network front --ip 10.10.0.10 --network name=back,gw-priority=-1,alias=w'.split(' '),
    ])
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect((await host.must('sandbox ls')).split('\n')).toEqual([
      'SANDBOX ID     NAME      NETWORKS     ADDRESSES                         PORTS',
      `${id.slice(0, 12)}   web       back,front   10.20.0.2,fd00:20::2,10.10.0.10   127.0.0.1:53->53/udp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp`,
    ])
    expect(await host.must('sandbox list -q --no-trunc')).toBe(id)
    const [json] = JSON.parse(await host.must('sandbox inspect web'))
    expect(json).toMatchObject({ Id: id, Name: 'web', Labels: { app: 'shop' } })
    expect(Object.keys(json.NetworkSettings.Networks)).toEqual(['back', 'front'])
    expect(json.NetworkSettings.Networks.back).toMatchObject({ Aliases: ['w'], GwPriority: -1, IPAddress: '10.20.0.2', IPPrefixLen: 24 })
    expect(must(['ip', '-br', 'addr', 'show', 'eth0'], { netns: json.NetworkSettings.SandboxKey })).toContain('10.10.0.10/24')
    expect(await host.must('sandbox rm web')).toBe('web')
    expect(await host.must('sandbox ls -q')).toBe('')
    expect(run(['ls', json.NetworkSettings.SandboxKey]).status).not.toBe(0)
  })

  it('is listed once with a port of a network that is reached at its own addresses', async () => {
    const mode = 'com.docker.network.bridge.gateway_mode_ipv'
    await host.must(`network create --ipv6 -o ${mode}4=routed -o ${mode}6=routed own`)
    await host.must('sandbox create --name web --network own -p 80')
    expect(await host.must(['sandbox', 'ls', '--format', '{{.Ports}}'])).toBe('80/tcp')
    await host.must('sandbox rm web')
    await host.must('network rm own')
  })

  it('joins a namespace that exists, and leaves it there', async () => {
    await host.must(`sandbox create --name lan --netns ${host.lan} --network front`)
    expect(must(['ip', '-br', 'addr'], { netns: host.lan })).toContain('10.10.0.2/24')
    await host.must('sandbox rm lan')
    expect(must(['ip', '-br', 'addr'], { netns: host.lan })).not.toContain('10.10.0.2/24')
  })

  it('connects and disconnects while it lives', async () => {
    await host.must('sandbox create --name box --network front')
    await host.must(
      'network connect --ip 10.20.0.7 --alias b,c --mac-address 02:00:00:00:00:07 --driver-opt com.docker.network.endpoint.ifname=back0 back box',
    )
    const [json] = JSON.parse(await host.must('sandbox inspect box'))
    expect(json.NetworkSettings.Networks.back).toMatchObject({
      IPAddress: '10.20.0.7',
      MacAddress: '02:00:00:00:00:07',
      Aliases: ['b', 'c'],
      DriverOpts: { 'com.docker.network.endpoint.ifname': 'back0' },
    })
    await host.must('network disconnect back box')
    expect(await host.must('sandbox ls')).toMatch(/ box +front +10\.10\.0\.\d+$/)
    await host.must('sandbox rm box')
  })

  it('keeps its name and its ports to itself', async () => {
    await host.must('sandbox create --name one --network front -p 8080:80')
    expect(await host.cnm('sandbox create --name one')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'sandbox with name one already exists\nhint: cnm sandbox inspect one\n',
    })
    expect(await host.cnm('sandbox create --network front -p 127.0.0.1:8080:80')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'Bind for 127.0.0.1:8080 failed: port is already allocated\nhint: held by sandbox one\n',
    })
    await host.must('sandbox create --name two --network front')
    expect(await host.must('sandbox rm --dry-run one two')).toMatch(/^umount [^]*\numount /m)
    expect(await host.cnm('sandbox rm one nobody two')).toEqual({
      status: 1,
      stdout: 'one\ntwo\n',
      stderr: 'No such sandbox: nobody\nhint: cnm sandbox ls\n',
    })
  })
})
