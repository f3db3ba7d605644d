import { describe, expect, it } from 'vitest'
import { openingsOf } from '../../lib/controller/ports/ports.ts'
import { bridge } from '../../lib/drivers/bridge.ts'
import type { NetworkConfig } from '../../lib/drivers/driver.ts'
import { lendUplinks, publish, raiseWall } from '../../lib/firewall/firewall.ts'
import type { Endpoint, Network, PortBinding } from '../../lib/model/network.ts'
import { Topology } from '../support/topology.ts'

interface Scenario {
  readonly title: string
  /** What there is to see. */
  readonly text: string
  readonly options?: Readonly<Record<string, string>>
  readonly internal?: boolean
  readonly ipv6?: boolean
  readonly ports?: readonly PortBinding[]
}

const web: PortBinding = { protocol: 'tcp', hostIP: '', hostPort: 8080, port: 80 }

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  nat: {
    title: 'A network, and a published port',
    text: `A new connection enters the network when it was led there by a published port (\`ct status dnat\`), or comes from a
neighbour. The port is an element of two maps, the network one of some sets: more of them make no rule longer, and add none but
for a length of subnets that is new. What leaves takes the host's address.`,
    ports: [web],
  },
  'dual-stack': {
    title: 'IPv4 and IPv6',
    text: 'One table has both families. A port without a host address is published in each.',
    ipv6: true,
    ports: [web],
  },
  'host-address': {
    title: 'A port on one address, and one on 127.0.0.1',
    text: `Such elements have the host's address in their key. From elsewhere nothing is led by 127.0.0.0/8: \`prerouting\` passes it
over, and \`guard\` drops what a sandbox sends to or from it.`,
    ports: [
      { ...web, hostIP: '192.0.2.1' },
      { ...web, hostIP: '127.0.0.1', hostPort: 9090 },
    ],
  },
  internal: {
    title: 'An internal network',
    text: 'What comes from the bridge to elsewhere is dropped before anything else is asked, replies included; nothing else enters.',
    internal: true,
  },
  'no-icc': {
    title: 'Neighbours that may not speak',
    text: `The ports of the bridge are isolated from one another, so frames between them never get here; this drops what is sent from
one to another by way of the host. Published ports stay open, but where br_netfilter is on: there the bridge translates by
itself, and from port to port does not deliver.`,
    options: { 'com.docker.network.bridge.enable_icc': 'false' },
    ports: [web],
  },
  'no-masquerade': {
    title: 'Without masquerading',
    text: 'The world sees the addresses of the sandboxes. The rules that are left are for what goes to a neighbour by a published port.',
    options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
    ports: [web],
  },
  snat: {
    title: 'A source address of your choice',
    text: 'The network leaves by 192.0.2.77, whichever link that is.',
    options: { 'com.docker.network.host_ipv4': '192.0.2.77' },
  },
  routed: {
    title: 'Gateway mode routed',
    text: `Nothing is translated. A published port is an element of \`direct4\`, and open at the sandbox's own address, as is ping; no
port of the host is taken.`,
    options: { 'com.docker.network.bridge.gateway_mode_ipv4': 'routed' },
    ports: [web],
  },
  'nat-unprotected': {
    title: 'Gateway mode nat-unprotected',
    text: 'As nat, and whoever has a route to the sandboxes reaches all of their ports.',
    options: { 'com.docker.network.bridge.gateway_mode_ipv4': 'nat-unprotected' },
    ports: [web],
  },
  trusted: {
    title: 'Trusted host interfaces',
    text: "From eth1 and eth2 a published port is reached at the sandbox's own address too.",
    options: { 'com.docker.network.bridge.trusted_host_interfaces': 'eth1:eth2' },
    ports: [web],
  },
}

const configOf = ({ options = {}, internal = false, ipv6 = false }: Scenario): NetworkConfig => ({
  id: 'c0ffee'.repeat(11).slice(0, 64),
  name: 'net',
  internal,
  enableIPv4: true,
  enableIPv6: ipv6,
  options: { 'com.docker.network.bridge.name': 'br0', ...options },
  pools: [
    { family: 4, id: '', subnet: '172.18.0.0/16', gateway: '172.18.0.1/16', aux: {} },
    ...(ipv6 ? [{ family: 6 as const, id: '', subnet: 'fd00:18::/64', gateway: 'fd00:18::1/64', aux: {} }] : []),
  ],
})

/** How the scenario is typed. */
function commandsOf({ options = {}, internal = false, ipv6 = false, ports = [] }: Scenario): string {
  const flags = [
    ...(ipv6 ? ['--ipv6'] : []),
    ...(internal ? ['--internal'] : []),
    ...Object.entries(configOf({ title: '', text: '', options }).options).map(([key, value]) => `-o ${key}=${value}`),
  ]
  const published = ports.map(({ hostIP, hostPort, port }) => `-p ${hostIP ? `${hostIP}:` : ''}${hostPort}:${port}`)
  const sandbox = ports.length > 0 ? [`cnm sandbox create --network net ${published.join(' ')}`] : []
  return [`cnm network create ${flags.join(' ')} net`, ...sandbox].join('\n')
}

/** Two kernels print one priority as a number and as a word. */
const listed = (rules: string): string => rules.replace(/priority (-?\d+);/g, (_, number) => `priority ${WORDS[number] ?? number};`).trim()
const WORDS: Readonly<Record<string, string>> = { '-100': 'dstnat' }

describe('docs/firewall', () => {
  it.each(Object.entries(SCENARIOS))('%s.md has the rules as they are', async (name, scenario) => {
    using host = new Topology({ bare: true })
    const config = configOf(scenario)
    const { wall } = await bridge.createNetwork(config, [])
    if (!wall) throw new Error('a bridge has a wall')
    const six = scenario.ipv6 ? { address6: 'fd00:18::2/64', gateway6: 'fd00:18::1' } : { gateway6: '' }
    const endpoint = { address: '172.18.0.2/16', gateway: '172.18.0.1', ...six }
    const seat = { network: config as Partial<Network> as Network, endpoint: endpoint as Endpoint }
    const publishing = bridge.publishing?.(config)
    if (!publishing) throw new Error('a bridge publishes')
    const openings = openingsOf(scenario.ports ?? [], [seat], () => publishing)
    host.load([
      ...raiseWall(wall, 'nothing', new Set(), '/run/cnm'),
      ...lendUplinks([{ family: 4, names: ['eth0'] }]),
      ...publish(openings),
    ])
    const page = `# ${scenario.title}

${scenario.text}

\`\`\`sh
${commandsOf(scenario)}
\`\`\`

On a host that did not forward before, and has an uplink \`eth0\`:

\`\`\`
${listed(host.rules())}
\`\`\`
`
    await expect(page).toMatchFileSnapshot(`../../docs/firewall/${name}.md`)
  })
})
