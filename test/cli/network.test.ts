import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { World } from '../../lib/cli/world.ts'
import { eventually } from '../support/eventually.ts'
import { must, run } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { CNM, Host } from './host.ts'

let host: Host
beforeAll(() => {
  host = new Host()
})
afterAll(() => host[Symbol.asyncDispose]())

describe('on a fresh host', () => {
  it('ls shows the three predefined networks as Docker does', async () => {
    const lines = (await host.must('network ls')).split('\n')
    expect(lines[0]).toBe('NETWORK ID     NAME      DRIVER    SCOPE')
    expect(lines.slice(1).map((line) => line.replace(/^[0-9a-f]{12} /, 'ID '))).toEqual([
      'ID   bridge    bridge    local',
      'ID   host      host      local',
      'ID   none      null      local',
    ])
  })

  it('list is ls; -q and --no-trunc show ids', async () => {
    const full = (await host.must('network list -q --no-trunc')).split('\n')
    expect(full).toEqual([0, 1, 2].map(() => expect.stringMatching(/^[0-9a-f]{64}$/)))
    expect((await host.must('network ls -q')).split('\n')).toEqual(full.map((id) => id.slice(0, 12)))
    expect(await host.must('network ls -q --no-trunc --filter name=host')).toBe(full[1])
  })

  it('have no field and no label that every object of JavaScript has', async () => {
    expect(await host.must(['network', 'ls', '--filter', 'name=host', '--format', '{{.Name}}{{.Label "constructor"}}'])).toBe('host')
    expect((await host.cnm(['network', 'ls', '--format', '{{.constructor}}'])).stderr).toBe(
      'template parsing error: template: :1:2: executing "" at <.constructor>: can\'t evaluate field constructor in type *network.networkContext\n',
    )
  })

  it.each(['bridge', 'host', 'none'])('%s stays', async (name) => {
    expect(await host.cnm(`network rm ${name}`)).toEqual({
      status: 1,
      stdout: '',
      stderr: `${name} is a pre-defined network and cannot be removed\n`,
    })
  })
})

describe('a network', () => {
  it('is created, listed, inspected and removed', async () => {
    const id = await host.must(
      'network create --ipv6 --subnet 10.10.0.0/24 --subnet fd00:10::/64 --gateway 10.10.0.254 --ip-range 10.10.0.128/25' +
        ' --aux-address nas=10.10.0.9 --label app=shop -o com.docker.network.driver.mtu=1400 --attachable web',
    )
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect(await host.must('network ls --filter name=web')).toContain(`${id.slice(0, 12)}   web       bridge    local`)
    const text = await host.must(['network', 'inspect', id.slice(0, 12)])
    expect(text).toMatch(/^\[\n {4}\{\n {8}"Name": "web",\n/)
    expect(JSON.parse(text)).toEqual([
      expect.objectContaining({
        Name: 'web',
        Id: id,
        Driver: 'bridge',
        EnableIPv6: true,
        Attachable: true,
        IPAM: {
          Driver: 'default',
          Options: {},
          Config: [
            { Subnet: '10.10.0.0/24', IPRange: '10.10.0.128/25', Gateway: '10.10.0.254', AuxiliaryAddresses: { nas: '10.10.0.9' } },
            { Subnet: 'fd00:10::/64', Gateway: 'fd00:10::1' },
          ],
        },
        Options: { 'com.docker.network.driver.mtu': '1400' },
        Labels: { app: 'shop' },
      }),
    ])
    expect(await host.must('network rm web')).toBe('web')
    expect(await host.must('network ls -q -f name=web')).toBe('NETWORK ID'.slice(10))
  })

  it('has its switches as told', async () => {
    await host.must('network create --ipv4=false --ipv6 --internal=true --attachable=0 six')
    expect(JSON.parse(await host.must('network inspect six'))).toMatchObject([
      { EnableIPv4: false, EnableIPv6: true, Internal: true, Attachable: false },
    ])
    await host.must('network rm six')
  })

  it('what is missing is reported after the rest', async () => {
    const { status, stdout, stderr } = await host.cnm('network inspect nope host')
    expect(JSON.parse(stdout).map(({ Name }: { Name: string }) => Name)).toEqual(['host'])
    expect(stderr).toBe('network nope not found\nhint: cnm network ls\n')
    expect(status).toBe(1)
  })

  it('what is longer than a pipe is written to its end, however slow its reader', async () => {
    const label = 'x'.repeat(100_000)
    await host.must(['network', 'create', '--config-only', '--label', `long=${label}`, 'long'])
    const slowly = '"$@" network inspect long | (sleep 1; cat)'
    const { stdout } = run(['sh', '-c', slowly, 'sh', process.execPath, CNM], { netns: host.host, env: host.env })
    expect(JSON.parse(stdout)[0].Labels).toEqual({ long: label })
    await host.must('network rm long')
  })

  it('rm goes on after a failure, and prints what is removed', async () => {
    await host.must('network create a')
    await host.must('network create b')
    expect(await host.cnm('network rm a nope b')).toEqual({
      status: 1,
      stdout: 'a\nb\n',
      stderr: 'network nope not found\nhint: cnm network ls\n',
    })
  })
})

describe('refusals', () => {
  beforeAll(async () => {
    await host.must('network create --subnet 10.20.0.0/24 taken')
    await host.must('sandbox create --name holder --network taken --ip 10.20.0.5')
    await host.must('sandbox create --name other --network none')
    await host.must('network disconnect none other')
  })
  afterAll(async () => {
    await host.must('sandbox rm holder other')
    await host.must('network rm taken')
  })

  it.each([
    ['network create taken', 'network with name taken already exists\nhint: cnm network inspect taken'],
    ['network create bridge', 'operation is not permitted on predefined bridge network '],
    ['network create --subnet 10.30.0.5/24 x', 'invalid network config:\ninvalid subnet 10.30.0.5/24: it should be 10.30.0.0/24'],
    ['network create --subnet 10.30.0.0/24 --gateway 10.31.0.1 x', 'no matching subnet for gateway 10.31.0.1'],
    [
      'network create -d nope x',
      'could not find plugin nope in v1 plugin registry: plugin not found\nhint: built in: bridge, host, ipvlan, macvlan, null, overlay',
    ],
    ['network create --ipam-driver nope x', 'invalid ipam driver: "nope"\nhint: built in: default, dhcp, null'],
    ['network connect taken ghost', 'No such sandbox: ghost\nhint: cnm sandbox ls'],
    ['network connect ghost holder', 'network ghost not found\nhint: cnm network ls'],
    ['network connect taken holder', 'endpoint with name holder already exists in network taken'],
    [
      'network connect --ip 10.99.0.1 taken other',
      'invalid endpoint settings:\nno configured subnet contains IP address 10.99.0.1\nhint: subnets of taken: 10.20.0.0/24',
    ],
    ['network connect --ip 10.20.0.5 taken other', 'Address already in use\nhint: 10.20.0.5 is held by sandbox holder on network taken'],
    ['network disconnect taken other', 'container other is not connected to network taken'],
  ])('cnm %s', async (line, stderr) => {
    const before = snapshot(host.host)
    expect(await host.cnm(line)).toEqual({ status: 1, stdout: '', stderr: `${stderr}\n` })
    expect(snapshot(host.host)).toEqual(before)
  })

  it('a network in use names its endpoints', async () => {
    const { status, stderr } = await host.cnm('network rm taken')
    expect(stderr).toMatch(
      /^error while removing network: network taken has active endpoints \(name:"holder" id:"[0-9a-f]{12}"\)\nhint: cnm network disconnect taken SANDBOX\n$/,
    )
    expect(status).toBe(1)
  })
})

describe('--dry-run', () => {
  beforeAll(async () => {
    await host.must('network create --subnet 10.50.0.0/24 real')
    await host.must('network create --subnet 10.51.0.0/24 -o com.docker.network.bridge.name=also also')
    await host.must('sandbox create --name box --network also')
    // The kernel tells a moment later that the bridge has a carrier now.
    await eventually(() => expect(must(['ip', 'link', 'show', 'also'], { netns: host.host })).toContain('state UP'))
  })
  afterAll(async () => {
    await host.must('sandbox rm box')
    await host.must('network rm real also')
  })

  const look = async () => [snapshot(host.host), await host.must('network ls'), await host.must('sandbox ls')]

  it.each([
    ['network create', '--subnet 10.40.0.0/24 dry'],
    ['network rm', 'real'],
    ['network connect', 'real box'],
    ['network disconnect', 'also box'],
    ['sandbox create', '--network real -p 8080:80'],
    ['sandbox rm', 'box'],
    ['run', '--network real -- touch /nobody'],
  ])('%s prints the plan and changes nothing', async (verb, rest) => {
    const before = await look()
    for (const line of [`--dry-run ${verb} ${rest}`, `${verb} --dry-run ${rest}`]) {
      const { status, stdout, stderr } = await host.cnm(line)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toMatch(/^(nsenter .*)?(ip|nft|sysctl|bridge) /m)
      expect(await look()).toEqual(before)
    }
  })

  it('says so when there is nothing to do in the kernel', async () => {
    await host.must('sandbox create --name loner --network none')
    expect(await host.must('network disconnect --dry-run none loner')).toBe('# no step in the kernel')
    await host.must('sandbox rm loner')
  })

  it.each(['serve', 'sandbox exec box -- touch /nobody', 'plugin bundle /nobody', 'plugin verify nobody'])(
    '%s has none, and is refused',
    async (line) => {
      const { status, stdout, stderr } = await host.cnm(`--dry-run ${line}`)
      expect([status, stdout]).toEqual([line.startsWith('sandbox exec') ? 125 : 1, ''])
      expect(stderr).toContain('there is no dry run of it')
      expect(existsSync('/nobody')).toBe(false)
    },
  )
})

describe('a signal', () => {
  it('before the verb has begun keeps it from doing anything', async () => {
    const signals = new EventEmitter()
    const open: World['open'] = async (options) => {
      const controller = await host.open(options)
      signals.emit('SIGINT')
      return controller
    }
    const before = [snapshot(host.host), await host.must('network ls')]
    expect(await host.cnm('network create web', { open, signals })).toEqual({ status: 130, stdout: '', stderr: '' })
    expect([snapshot(host.host), await host.must('network ls')]).toEqual(before)
  })
})
