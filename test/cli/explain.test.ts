import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BEYOND4, BEYOND6, HOST4, HOST6, LAN4 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { ask, serve } from '../support/traffic.ts'
import { Host } from './host.ts'

let host: Host
const servers: AsyncDisposable[] = []
const boxes: Record<string, { readonly netns: string; readonly 4: string; readonly 6: string }> = {}

const MODE = 'com.docker.network.bridge.gateway_mode_ipv'
const mode = (word: string) => `-o ${MODE}4=${word} -o ${MODE}6=${word}`

/** Networks, and how they are made. */
const NETWORKS = {
  front: '',
  back: '',
  inner: '--internal',
  mute: '-o com.docker.network.bridge.enable_icc=false',
  routed: mode('routed'),
  open: mode('nat-unprotected'),
  shut: `--internal ${mode('isolated')}`,
  plain: '-o com.docker.network.bridge.inhibit_ipv4=true',
  lan: '-d macvlan -o parent=lan0 --subnet 192.0.2.0/24 --ip-range 192.0.2.64/26 --subnet 2001:db8:0:1::/64 --ip-range 2001:db8:0:1:1::/80',
}

/** Sandbox → its networks. `x` and `y` are on one that lets nobody speak to anybody; only `own` publishes its port 80 there. */
const BOXES = {
  ...{ web: 'front', mate: 'front', db: 'back', job: 'inner', x: 'mute', y: 'mute', own: 'routed', shy: 'routed', bare: 'open' },
  ...{ lone: 'shut', away: 'plain', card: 'lan' },
}
const PORTS: Readonly<Record<string, string>> = { web: '8080:80', own: '80' }

beforeAll(async () => {
  host = new Host()
  for (const [name, flags] of Object.entries(NETWORKS))
    await host.must(['network', 'create', '--ipv6', ...flags.split(' ').filter(Boolean), name])
  for (const [name, network] of Object.entries(BOXES)) {
    await host.must(['sandbox', 'create', '--name', name, '--network', network, ...(PORTS[name] ? ['-p', PORTS[name]] : [])])
    const format = `{{.NetworkSettings.SandboxKey}} {{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}`
    const [netns = '', address = '', address6 = ''] = (await host.must(['sandbox', 'inspect', '-f', format, name])).split(' ')
    boxes[name] = { netns, 4: address, 6: address6 }
    servers.push(await serve(netns, 'tcp', '::', 80))
  }
  for (const netns of [host.host, host.lan]) servers.push(await serve(netns, 'tcp', '::', 80))
  // The peer on the LAN takes the host for a router.
  for (const { 4: address, 6: address6 } of Object.entries(boxes).flatMap(([name, box]) => (name === 'card' ? [] : box))) {
    must(['ip', 'route', 'add', `${address}/32`, 'via', HOST4], { netns: host.lan })
    must(['ip', 'route', 'add', `${address6}/128`, 'via', HOST6], { netns: host.lan })
  }
})
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

const netnsOf = (place: string): string => ({ host: host.host, internet: host.lan })[place] ?? boxes[place]?.netns ?? ''

const explain = async (...words: readonly string[]) => {
  const { status, stdout, stderr } = await host.cnm(['explain', '--format', '{{.Where}} | {{.Verdict}} | {{.What}}', ...words])
  expect(stderr).toBe('')
  return { status, lines: stdout.trim().split('\n') }
}

describe.each([4, 6] as const)('over IPv%i, what is said is what happens', (family) => {
  const flags = family === 6 ? ['--ipv6'] : []
  const gateway = (network: string) =>
    host.must(['network', 'inspect', '-f', `{{(index .IPAM.Config ${family === 4 ? 0 : 1}).Gateway}}`, network])

  /** By which address and port one who is elsewhere is to be asked. */
  async function target(from: string, to: string): Promise<readonly [string, number]> {
    if (to === 'internet') return [family === 4 ? BEYOND4 : BEYOND6, 80]
    if (from === 'internet' && to === 'web') return [family === 4 ? HOST4 : HOST6, 8080]
    if (to === 'host') return [from === 'internet' ? (family === 4 ? HOST4 : HOST6) : await gateway(BOXES[from as keyof typeof BOXES]), 80]
    return [boxes[to]?.[family] ?? '', 80]
  }

  const TO = ['web', 'mate', 'db', 'job', 'y', 'own', 'shy', 'bare', 'lone', 'away', 'card', 'host', 'internet']

  it.each(['web', 'db', 'job', 'x', 'shy', 'bare', 'host', 'internet'])('from %s', async (from) => {
    const told: Record<string, unknown> = {}
    const seen: Record<string, unknown> = {}
    const look = async (to: string) => {
      const [address, port] = await target(from, to)
      const happens = await ask(netnsOf(from), 'tcp', address, port)
      const { status, lines } = await explain(...flags, from, to, '80')
      told[to] = [status === 0, lines.at(-1)?.split(' | ')[1], lines]
      seen[to] = [happens !== null, happens === null ? 'drop' : to === 'internet' ? 'leave' : 'arrive', lines]
    }
    await Promise.all(TO.filter((to) => to !== from).map(look))
    expect(told).toEqual(seen)
  })
})

it('a published port is explained as it is reached, from everywhere', async () => {
  const told: Record<string, unknown> = {}
  const seen: Record<string, unknown> = {}
  const look = async (from: string, address: string) => {
    const { status, lines } = await explain(from, address, '8080')
    told[`${from} ${address}`] = [status === 0, lines]
    seen[`${from} ${address}`] = [(await ask(netnsOf(from), 'tcp', address, 8080)) !== null, lines]
    expect(lines.at(-1)).toBe('sandbox web | arrive | by eth0')
  }
  for (const from of ['host', 'internet', 'web', 'mate', 'db', 'x']) for (const address of [HOST4, HOST6]) await look(from, address)
  await look('host', '127.0.0.1')
  expect(told).toEqual(seen)
})

const LEAVING = ': it leaves the host, and what becomes of it there is not known here'

describe('what is said', () => {
  const hops = async (...words: readonly string[]) =>
    (await explain(...words)).lines.map((line) => line.replaceAll(/br-[0-9a-f]{12}/g, 'br-ID').replaceAll(/_[0-9a-f]{12}/g, '_ID'))

  it('names rules, and what they make of the packet', async () => {
    const { web, db } = boxes
    expect(await hops('internet', 'web', '80')).toEqual([
      `host | pass | port 80 of web is published at ${HOST4}, port 8080`,
      expect.stringMatching(/^firewall published \| pass \| .*dnat ip to .*map @address4_any/),
      `host | pass | to ${HOST4} becomes to ${web?.[4]}, port 80`,
      expect.stringMatching(/^host \| pass \| route 172\.18\.0\.0\/16 dev br-ID$/),
      'firewall entering | pass | ct status dnat oifname != @internal accept',
      'link br-ID | pass | port of sandbox web',
      'sandbox web | arrive | by eth0',
    ])
    expect((await hops('web', 'internet')).slice(-3)).toEqual([
      'firewall leaving | pass | iifname . meta nfproto @masquerades masquerade',
      `link lan0 | pass | from ${web?.[4]} becomes from ${HOST4}`,
      `link lan0 | leave | to 192.0.2.2, on the way to 198.51.100.1${LEAVING}`,
    ])
    expect((await hops('web', 'db', '80')).at(-1)).toBe('firewall entering | drop | drop')
    expect((await hops('x', 'y')).at(-1)).toBe('link br-ID | drop | both ports are isolated: com.docker.network.bridge.enable_icc is false')
    expect((await hops('job', 'internet')).at(-1)).toBe('sandbox job | drop | no route to 198.51.100.1')
    expect((await hops('front', db?.[4] ?? '')).at(-1)).toBe('firewall entering | drop | drop')
    expect((await hops('web', '172.18.99.99')).at(-1)).toBe('link br-ID | drop | nobody on network front has 172.18.99.99')
    expect((await hops('host', '172.18.99.99')).at(-1)).toBe('link br-ID | drop | nobody has 172.18.99.99')
    expect(await hops('web', web?.[4] ?? '')).toEqual([`sandbox web | arrive | ${web?.[4]} is its own`])
  })

  it('knows gateway modes, source addresses and rules of the operator', async () => {
    const { own, web } = boxes
    expect((await hops('internet', 'own', '80')).filter((line) => line.startsWith('host | pass | port'))).toEqual([
      `host | pass | port 80 of own is published at ${own?.[4]}, port 80`,
    ])
    expect((await hops('internet', 'shy')).at(-1)).toBe('sandbox shy | arrive | by eth0')
    expect((await hops('internet', 'shy', '80')).at(-1)).toBe('firewall entering | drop | drop')
    await host.must('network create -o com.docker.network.host_ipv4=192.0.2.77 named')
    await host.must('sandbox create --name sent --network named')
    expect(await hops('sent', 'internet')).toContainEqual(
      expect.stringMatching(/^link lan0 \| pass \| from .* becomes from 192\.0\.2\.77$/),
    )
    must(['nft', 'add', 'rule', 'inet', 'cnm', 'user', 'ip', 'daddr', web?.[4] ?? '', 'tcp', 'dport', '80', 'drop'], { netns: host.host })
    expect((await hops('internet', 'web', '80')).at(-1)).toBe(`firewall user | drop | ip daddr ${web?.[4]} tcp dport 80 drop`)
    must(['nft', 'flush', 'chain', 'inet', 'cnm', 'user'], { netns: host.host })
    await host.must('sandbox rm sent')
    await host.must('network rm named')
  })

  it('knows who is on a LAN, and who is on no network of the host', async () => {
    const { lone, card } = boxes
    expect(await hops('internet', 'card', '80')).toEqual(['link lan0 | pass | link of sandbox card', 'sandbox card | arrive | by eth0'])
    expect((await hops('web', 'card')).at(-1)).toBe('link lan0 | drop | its macvlan links do not hear the host: -o cnm.host_access=true')
    expect((await hops('host', 'lone')).at(-1)).toBe(
      `link lan0 | drop | leads away from ${lone?.[4]}: the host has no address on network shut`,
    )
    await host.must('network create -d macvlan -o parent=lan0 -o macvlan_mode=vepa --subnet 198.18.0.0/24 switched')
    for (const name of ['left', 'right']) await host.must(`sandbox create --name ${name} --network switched`)
    const said = 'by a switch that sends back what came by the same port (macvlan_mode is vepa)'
    expect((await hops('left', 'right')).at(-1)).toBe(`link lan0 | leave | to 198.18.0.2, ${said}${LEAVING}`)
    await host.must('network connect switched card')
    expect((await hops('left', 'card')).at(-1)).toMatch(/by a switch/)
    expect((await hops('card', 'left')).at(-1)).toMatch(/by a switch/)
    expect((await hops('internet', card?.[4] ?? '')).at(-1)).toBe('sandbox card | arrive | by eth0')
    await host.must('network create -d macvlan nowhere')
    await host.must('sandbox create --name nobody --network nowhere')
    expect((await hops('internet', 'nobody')).at(-1)).toMatch(/^link dm-[0-9a-f]+ \| drop \| leads nowhere: the network has no parent$/)
    await host.must('network disconnect switched card')
    await host.must('sandbox rm left right nobody')
    await host.must('network rm switched nowhere')
  })

  it('is what is true now', async () => {
    const { netns } = boxes.web ?? { netns: '' }
    must(['ip', 'route', 'del', 'default'], { netns })
    expect(await hops('web', 'internet')).toEqual(['sandbox web | drop | no route to 198.51.100.1'])
    must(['ip', 'route', 'add', 'default', 'via', '172.18.0.1'], { netns })
    must(['ip', 'route', 'add', 'blackhole', '198.51.100.0/24'], { netns: host.host })
    expect((await hops('web', 'internet')).at(-1)).toBe('host | drop | route blackhole 198.51.100.0/24')
    must(['ip', 'route', 'del', '198.51.100.0/24'], { netns: host.host })
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.ip_forward=0'], { netns: host.host })
    expect((await hops('web', 'internet')).at(-1)).toMatch(/^host \| drop \| does not forward IPv4 from br-ID$/)
  })

  it('knows at which addresses of the host a port is published', async () => {
    const ports = ['127.0.0.1:8085:80', '10.66.66.66:8086:81', '127.0.0.1:8087:82', '8088:82']
    await host.must(['sandbox', 'create', '--name', 'near', '--network', 'front', ...ports.flatMap((port) => ['-p', port])])
    const [address] = (await host.must(['sandbox', 'ls', '--format', '{{.Name}} {{.Addresses}}'])).match(/(?<=^near )[^,]+/m) ?? []
    await using _server = await serve(await host.must('sandbox inspect -f {{.NetworkSettings.SandboxKey}} near'), 'tcp', '::', 80)
    must(['ip', 'route', 'add', '10.66.66.66', 'via', HOST4], { netns: host.lan })
    expect([await ask(host.lan, 'tcp', '10.66.66.66', 8086), await ask(host.host, 'tcp', '127.0.0.1', 8085)]).toEqual([
      null,
      expect.anything(),
    ])
    expect(await hops('internet', 'near', '80')).toEqual([
      'host | pass | port 80 of near is published at 127.0.0.1, port 8085',
      'host | drop | 127.0.0.1 is for itself alone',
    ])
    expect(await hops('internet', 'near', '81')).toEqual([
      'host | pass | port 81 of near is published at 10.66.66.66, port 8086',
      'host | drop | 10.66.66.66 is not its own',
    ])
    expect((await hops('internet', 'near', '82')).filter((line) => line.startsWith('host | pass | '))).toContain(
      `host | pass | to ${HOST4} becomes to ${address}, port 82`,
    )
    expect((await hops(LAN4, '127.0.0.1', '8085')).at(-1)).toBe('host | drop | 127.0.0.1 is for itself alone')
    expect((await hops('host', '127.0.0.1', '8085')).at(-1)).toBe('sandbox near | arrive | by eth0')
    await host.must('sandbox rm near')
  })

  it('looks into the sandbox that a packet is for', async () => {
    const [netns = '', address = ''] = [boxes.mate?.netns, boxes.mate?.[4]]
    const last = async (...words: readonly string[]) => (await hops(...words)).at(-1)
    must(['ip', 'link', 'set', 'eth0', 'down'], { netns })
    expect([await last('web', 'mate'), await last('host', 'mate')]).toEqual(
      Array(2).fill('sandbox mate | drop | link eth0 is down, or cut off'),
    )
    must(['ip', 'link', 'set', 'eth0', 'up'], { netns })
    must(['ip', 'addr', 'del', `${address}/16`, 'dev', 'eth0'], { netns })
    expect(await last('web', 'mate')).toBe(`sandbox mate | drop | no link of it has ${address}`)
    const gone = `/run/netns/cnmt${process.pid}-passing`
    must(['ip', 'netns', 'add', basename(gone)])
    await host.must(`sandbox create --name passing --netns ${gone} --network front`)
    expect(await last('web', 'passing')).toBe('sandbox passing | arrive | by eth0')
    must(['ip', 'netns', 'del', basename(gone)])
    expect(await last('host', 'passing')).toBe(`sandbox passing | drop | its namespace is gone: ${gone}`)
    expect((await host.cnm('explain passing web')).stderr).toBe(
      `the namespace of sandbox passing is gone: ${gone}\nhint: cnm sandbox rm passing\n`,
    )
    await host.must('sandbox rm passing')
  })

  it('is a table; places that are none are refused', async () => {
    expect((await host.cnm('explain x y')).stdout).toMatch(/^WHERE +VERDICT +WHAT\n/)
    await host.must('network create empty')
    expect((await host.cnm('explain web empty')).stderr).toBe('nobody is on network empty\nhint: cnm network connect empty SANDBOX\n')
    expect((await host.cnm('explain web nowhere')).stderr).toMatch(/^no sandbox, network or address: nowhere\n/)
    expect((await host.cnm('explain web db 0')).status).toBe(2)
    expect((await host.cnm('explain web db 80/xyz')).stderr).toMatch(/^invalid port: 80\/xyz\n/)
  })
})
