import { describe, expect, it } from 'vitest'
import { inspection } from '../../lib/cli/format/inspection.ts'
import { networkFinding } from '../../lib/cli/views.ts'
import { networkToEngine, sandboxToEngine } from '../../lib/model/engine.ts'
import type { Endpoint, Network, Sandbox } from '../../lib/model/network.ts'

const network: Network = {
  id: 'n1',
  name: 'web',
  driver: 'bridge',
  scope: 'local',
  created: '2026-01-01T00:00:00.000Z',
  internal: false,
  attachable: true,
  enableIPv4: true,
  enableIPv6: true,
  labels: { z: '1', a: '2' },
  options: { 'com.docker.network.driver.mtu': '1400' },
  ipam: { driver: 'default', options: {} },
  pools: [
    { family: 4, id: 'p4', subnet: '10.0.0.0/24', range: '10.0.0.128/25', gateway: '10.0.0.1/24', aux: { nas: '10.0.0.9' } },
    { family: 6, id: 'p6', subnet: 'fd00::/64', aux: {} },
  ],
}

const sandbox: Sandbox = {
  id: 's1',
  name: 'api',
  kind: 'own',
  path: '/run/cnm/netns/s1',
  created: '2026-01-01T00:00:01.000Z',
  labels: {},
  ports: [
    { protocol: 'tcp', hostIP: '', hostPort: 8080, port: 80 },
    { protocol: 'udp', hostIP: '::1', hostPort: 53, port: 53 },
  ],
}

const endpoint: Endpoint = {
  id: 'e1',
  networkId: 'n1',
  sandboxId: 's1',
  aliases: ['db'],
  options: {},
  gwPriority: 7,
  mac: '02:00:00:00:00:01',
  address: '10.0.0.130/24',
  address6: 'fd00::2/64',
  requested: { address: '10.0.0.130' },
  ifname: 'eth0',
  gateway: '10.0.0.1',
  gateway6: '',
}

describe('a network in JSON', () => {
  it("has Docker's names in Docker's order", () => {
    expect(JSON.stringify(networkToEngine(network, [{ endpoint, sandbox }]), null, 1)).toBe(
      JSON.stringify(
        {
          Name: 'web',
          Id: 'n1',
          Created: '2026-01-01T00:00:00.000Z',
          Scope: 'local',
          Driver: 'bridge',
          EnableIPv4: true,
          EnableIPv6: true,
          IPAM: {
            Driver: 'default',
            Options: {},
            Config: [
              { Subnet: '10.0.0.0/24', IPRange: '10.0.0.128/25', Gateway: '10.0.0.1', AuxiliaryAddresses: { nas: '10.0.0.9' } },
              { Subnet: 'fd00::/64' },
            ],
          },
          Internal: false,
          Attachable: true,
          Ingress: false,
          ConfigFrom: { Network: '' },
          ConfigOnly: false,
          Containers: {
            s1: {
              Name: 'api',
              EndpointID: 'e1',
              MacAddress: '02:00:00:00:00:01',
              IPv4Address: '10.0.0.130/24',
              IPv6Address: 'fd00::2/64',
            },
          },
          Options: { 'com.docker.network.driver.mtu': '1400' },
          Labels: { a: '2', z: '1' },
        },
        null,
        1,
      ),
    )
  })
})

describe('services in JSON', () => {
  const task = (sandbox: string, endpointId: string, more: object) => ({
    ...{ sandbox, endpointId, networkId: 'n1', nodeId: 'a', vtep: '10.99.0.1', mac: '' },
    ...more,
  })
  const services = [
    {
      name: 'www',
      tasks: [task('web2', 'e2', { vtep: '10.99.0.2', address: '10.0.0.9/24' }), task('six', 'e3', { address6: 'fd00::9/64' })],
    },
    { name: '', tasks: [task('db', 'e4', { address: '10.0.0.7/24', address6: 'fd00::7/64' })] },
  ]

  it("have Docker's names in Docker's order, those without a name in one of their own", () => {
    const { Services } = networkToEngine(network, [], {}, undefined, [], services)
    expect(JSON.stringify(Services, null, 1)).toBe(
      JSON.stringify(
        {
          '': {
            VIP: '',
            Ports: [],
            LocalLBIndex: 0,
            Tasks: [{ Name: 'db', EndpointID: 'e4', EndpointIP: '10.0.0.7', Info: { 'Host IP': '10.99.0.1' } }],
          },
          www: {
            VIP: '',
            Ports: [],
            LocalLBIndex: 0,
            Tasks: [
              { Name: 'web2', EndpointID: 'e2', EndpointIP: '10.0.0.9', Info: { 'Host IP': '10.99.0.2' } },
              { Name: 'six', EndpointID: 'e3', EndpointIP: 'fd00::9', Info: { 'Host IP': '10.99.0.1' } },
            ],
          },
        },
        null,
        1,
      ),
    )
  })

  it('are not there where there are none, and stand between peers and status', () => {
    expect(networkToEngine(network, [])).not.toHaveProperty('Services')
    const peers = [{ name: 'h', ip: '10.99.0.1' }]
    const usage = { '10.0.0.0/24': { inUse: 1n, available: 2n } }
    expect(Object.keys(networkToEngine(network, [], usage, undefined, peers, services)).slice(-4)).toEqual([
      ...['Labels', 'Peers', 'Services', 'Status'],
    ])
  })

  it('are fields of a template', () => {
    const { each } = inspection(
      '{{range $name, $it := .Services}}{{$name}}:{{range .Tasks}}{{.Name}}@{{index .Info "Host IP"}} {{end}}{{end}}',
    )
    expect(each(networkFinding(network, [], {}, undefined, [], services))).toBe(':db@10.99.0.1 www:web2@10.99.0.2 six@10.99.0.1 ')
    expect(inspection('{{len .Services}}').each(networkFinding(network, []))).toBe('0')
  })
})

describe('a sandbox in JSON', () => {
  const openings = [{ protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 8080, address: '10.0.0.130', port: 80, direct: false }] as const
  const json = sandboxToEngine(sandbox, [{ endpoint, network }], openings)

  it('shows published ports where they are reached, and null where they are not', () => {
    expect(json.NetworkSettings.Ports).toEqual({
      '53/udp': null,
      '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080', ClientAddress: 'preserved' }],
    })
  })

  it("has an endpoint's settings with Docker's names in Docker's order", () => {
    expect(JSON.stringify(json.NetworkSettings.Networks['web'], null, 1)).toBe(
      JSON.stringify(
        {
          IPAMConfig: { IPv4Address: '10.0.0.130' },
          Links: null,
          Aliases: ['db'],
          DriverOpts: null,
          GwPriority: 7,
          NetworkID: 'n1',
          EndpointID: 'e1',
          Gateway: '10.0.0.1',
          IPAddress: '10.0.0.130',
          MacAddress: '02:00:00:00:00:01',
          IPPrefixLen: 24,
          IPv6Gateway: '',
          GlobalIPv6Address: 'fd00::2',
          GlobalIPv6PrefixLen: 64,
          DNSNames: null,
        },
        null,
        1,
      ),
    )
  })

  it('says where its namespace is', () => {
    expect(Object.keys(json)).toEqual(['Id', 'Name', 'Created', 'Labels', 'NetworkSettings'])
    expect(Object.keys(json.NetworkSettings)).toEqual(['SandboxID', 'SandboxKey', 'Ports', 'Networks'])
    expect(json.NetworkSettings.SandboxKey).toBe('/run/cnm/netns/s1')
  })
})
