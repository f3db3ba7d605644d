import { beforeEach, describe, expect, it } from 'vitest'
import type { PublishPort } from '../../lib/index.ts'
import { HOST4, HOST6, LAN4, LAN6 } from '../support/lab.ts'
import { must, start } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { ask, serve } from '../support/traffic.ts'

const stage = new Stage()
const port = (more: Partial<PublishPort> = {}): PublishPort => ({ protocol: 'tcp', hostIP: '', hostPort: 8080, port: 80, ...more })
const publish = (name: string, ...ports: PublishPort[]) => stage.cnm.createSandbox({ name, networks: [{ network: 'net' }], ports })
const ports = (name: string) => stage.cnm.sandbox(name).ports.map(({ hostPort }) => hostPort)
const sysctl = (text: string) => must(['sysctl', '-qw', text], { netns: stage.lab.host })
const ephemeral = { hostPort: 0 }

beforeEach(async () => {
  sysctl('net.ipv4.ip_local_port_range=50000 50004')
  stage.accept()
  await stage.cnm.createNetwork({ name: 'net', enableIPv6: true })
})

describe('an open host port', () => {
  it('is one of ip_local_port_range, the same in both families, and is reached', async () => {
    const { path } = await publish('web', port(ephemeral))
    await using _server = await serve(path, 'tcp', '::', 80)
    const [chosen = 0] = ports('web')
    expect(chosen).toBe(50000)
    expect(await Promise.all([HOST4, HOST6].map((address) => ask(stage.lab.lan, 'tcp', address, chosen)))).toEqual([LAN4, LAN6])
  })

  it('stays when the controller is opened again, and when the network changes', async () => {
    await publish('web', port(ephemeral))
    await stage.reopen()
    await stage.cnm.disconnect('web', 'net')
    await stage.cnm.connect('web', { network: 'net' })
    expect([ports('web'), stage.cnm.openings('web').map(({ hostPort }) => hostPort)]).toEqual([[50000], [50000, 50000]])
  })

  it('comes after the last that was given, and goes round', async () => {
    for (const [name, expected] of [
      ['a', 50000],
      ['b', 50001],
      ['c', 50002],
    ] as const) {
      await publish(name, port(ephemeral))
      expect(ports(name)).toEqual([expected])
    }
    await stage.cnm.removeSandbox('c')
    await publish('d', port(ephemeral), port(ephemeral))
    expect(ports('d')).toEqual([50003, 50004])
    await publish('e', port(ephemeral))
    expect(ports('e')).toEqual([50002])
  })

  it('is none that a process, another sandbox or ip_local_reserved_ports has; when all are taken, that is said', async () => {
    sysctl('net.ipv4.ip_local_reserved_ports=50001')
    await using _process = await serve(stage.lab.host, 'tcp', '127.0.0.1', 50000)
    await publish('web', port({ hostPort: 50002 }))
    await publish('two', port(ephemeral), port(ephemeral))
    expect(ports('two')).toEqual([50003, 50004])
    await expect(publish('three', port(ephemeral))).rejects.toMatchObject({
      message: 'all ports are allocated',
      remedy: 'none of net.ipv4.ip_local_port_range is free',
    })
    await publish('udp', port({ ...ephemeral, protocol: 'udp' }))
    expect(ports('udp')).toEqual([50000])
    sysctl('net.ipv4.ip_local_reserved_ports=')
  })

  it('leaves what is asked for by number to those who do', async () => {
    await publish('web', port(ephemeral), port({ hostPort: 50000, port: 81 }))
    expect(stage.cnm.sandbox('web').ports.map(({ hostPort, port: inside }) => [hostPort, inside])).toEqual([
      [50000, 81],
      [50001, 80],
    ])
  })
})

describe('a range of host ports', () => {
  const range = { hostPort: 7000, hostPortEnd: 7001 }

  it('gives the first that is free, and no other', async () => {
    await publish('a', port(range))
    await publish('b', port(range))
    expect([ports('a'), ports('b')]).toEqual([[7000], [7001]])
    await expect(publish('c', port(range))).rejects.toMatchObject({
      message: 'all ports are allocated',
      remedy: 'none of 7000-7001 is free',
    })
  })
})

describe('a port that is taken', () => {
  it.each([
    ['tcp', '0.0.0.0', '', '0.0.0.0'],
    ['tcp', '127.0.0.1', '0.0.0.0', '0.0.0.0'],
    ['tcp', '::', '::', '[::]'],
    ['tcp', '::', '0.0.0.0', '0.0.0.0'],
    ['udp', '0.0.0.0', '', '0.0.0.0'],
    ['udp', HOST6, '::', '[::]'],
  ] as const)('by a process: %s %s, wanted at "%s", names it', async (protocol, address, hostIP, said) => {
    await using server = await serve(stage.lab.host, protocol, address, 8080)
    await expect(publish('web', port({ protocol, hostIP }))).rejects.toMatchObject({
      code: 'PORT_ALLOCATED',
      message: `Bind for ${said}:8080 failed: port is already allocated`,
      remedy: `held by process peer (${server.child.pid})`,
    })
    expect(stage.cnm.sandboxes()).toEqual([])
  })

  it('by a process on another address, or of another protocol, is free', async () => {
    await using _tcp = await serve(stage.lab.host, 'tcp', '127.0.0.1', 8080)
    await using _udp = await serve(stage.lab.host, 'udp', '0.0.0.0', 8081)
    const { path } = await publish('web', port({ hostIP: HOST4 }), port({ hostPort: 8081 }))
    await using _server = await serve(path, 'tcp', '::', 80)
    expect(await Promise.all([8080, 8081].map((number) => ask(stage.lab.lan, 'tcp', HOST4, number)))).toEqual([LAN4, LAN4])
    expect(await ask(stage.lab.host, 'tcp', '127.0.0.1', 8080)).toBe('127.0.0.1')
  })

  it.each(['tcp', 'udp'] as const)('of %s by a process that listens by IPv6 only is free by IPv4', async (protocol) => {
    const open = {
      tcp: "require('node:net').createServer().listen({ host: '::', port: 8080, ipv6Only: true }, () => console.log('ready'))",
      udp: "require('node:dgram').createSocket({ type: 'udp6', ipv6Only: true }).bind(8080, '::', () => console.log('ready'))",
    }[protocol]
    await using server = await start([process.execPath, '-e', open], { netns: stage.lab.host })
    await expect(publish('web', port({ protocol }))).rejects.toMatchObject({
      message: 'Bind for [::]:8080 failed: port is already allocated',
      remedy: `held by process node (${server.child.pid})`,
    })
    const { path } = await publish('web', port({ protocol, hostIP: '0.0.0.0' }))
    await using _server = await serve(path, protocol, '0.0.0.0', 80)
    expect(await ask(stage.lab.lan, protocol, HOST4, 8080)).toBe(LAN4)
  })

  it('by another sandbox names that', async () => {
    await publish('web', port())
    await expect(publish('two', port({ hostIP: HOST4 }))).rejects.toMatchObject({
      message: `Bind for ${HOST4}:8080 failed: port is already allocated`,
      remedy: 'held by sandbox web',
    })
  })
})

it('a program that binds a published port later keeps no sandbox from moving it to another network', async () => {
  await stage.cnm.createNetwork({ name: 'other', enableIPv6: true })
  const { path } = await publish('web', port())
  await stage.cnm.connect('web', { network: 'other' })
  await using _process = await serve(stage.lab.host, 'tcp', '0.0.0.0', 8080)
  await stage.cnm.disconnect('web', 'net')
  await using _server = await serve(path, 'tcp', '::', 80)
  expect(await ask(stage.lab.lan, 'tcp', HOST4, 8080)).toBe(LAN4)
})

describe('the address of the client', () => {
  it('is preserved from outside; 127.0.0.1 has none that could be answered, and inspect says so', async () => {
    const { sandboxToEngine } = await import('../../lib/model/engine.ts')
    const { path } = await publish('web', port(), port({ hostIP: '127.0.0.1', hostPort: 9090 }))
    await using _server = await serve(path, 'tcp', '::', 80)
    expect(await ask(stage.lab.lan, 'tcp', HOST4, 8080)).toBe(LAN4)
    expect(await ask(stage.lab.lan, 'tcp', HOST6, 8080)).toBe(LAN6)
    const gateway = stage.cnm.seats('web')[0]?.endpoint.gateway
    expect(await ask(stage.lab.host, 'tcp', '127.0.0.1', 9090)).toBe(gateway)
    const shown = sandboxToEngine(stage.cnm.sandbox('web'), stage.cnm.seats('web'), stage.cnm.openings('web')).NetworkSettings.Ports
    expect(shown['80/tcp']).toEqual([
      { HostIp: '0.0.0.0', HostPort: '8080', ClientAddress: 'preserved' },
      { HostIp: '127.0.0.1', HostPort: '9090', ClientAddress: 'gateway' },
      { HostIp: '::', HostPort: '8080', ClientAddress: 'preserved' },
    ])
  })
})

describe('sctp', () => {
  it.each([
    [4, HOST4],
    [6, HOST6],
  ] as const)('IPv%i: an INIT arrives at the port inside', async (family, address) => {
    const { path } = await publish('web', port({ protocol: 'sctp', hostPort: 9999, port: 99 }))
    // What tcpdump says of itself comes when it listens.
    await using ear = await start(['sh', '-c', 'exec tcpdump -lni eth0 -c 1 sctp 2>&1'], { netns: path })
    const ended = new Promise((resolve) => ear.child.once('close', resolve))
    let heard = ''
    ear.child.stdout?.on('data', (data) => {
      heard += data
    })
    must(['perl', '-e', SEND, String(family), address, init(9999).toString('hex')], { netns: stage.lab.lan })
    await ended
    expect(heard).toMatch(new RegExp(`${family === 4 ? LAN4 : LAN6}\\.4000 > \\S+\\.99: sctp .*INIT`))
  })
})

/** No socket of this kernel need know the protocol: the packet is made here, and goes out raw. */
const SEND = `use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6); my ($family, $to, $hex) = @ARGV; my $six = $family == 6;
  socket(my $s, $six ? AF_INET6 : AF_INET, SOCK_RAW, 132) or die $!;
  my $address = inet_pton($six ? AF_INET6 : AF_INET, $to);
  send($s, pack('H*', $hex), 0, $six ? pack_sockaddr_in6(0, $address) : pack_sockaddr_in(0, $address)) or die $!`

/** SCTP from port 4000: the common header, and one INIT chunk. */
function init(to: number): Buffer {
  const packet = Buffer.alloc(32)
  packet.writeUInt16BE(4000, 0)
  packet.writeUInt16BE(to, 2)
  packet.writeUInt8(1, 12)
  packet.writeUInt16BE(20, 14)
  packet.writeUInt32BE(1, 16)
  packet.writeUInt32BE(65535, 20)
  packet.writeUInt16BE(1, 24)
  packet.writeUInt16BE(1, 26)
  packet.writeUInt32LE(crc32c(packet), 8)
  return packet
}

function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}
