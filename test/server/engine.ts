import type { Controller } from '../../lib/index.ts'
import { type PluginOptions, pluginServer } from '../../lib/server/plugin/plugin.ts'
import type { Json } from './recorded.ts'

export interface Reply {
  readonly status: number
  readonly said: { readonly [key: string]: Json }
}

/** Asks as dockerd does, call by call; for what no daemon can be brought to ask. */
export class Engine {
  readonly #app: ReturnType<typeof pluginServer>

  constructor(cnm: Controller, options: PluginOptions = { network: 'bridge', ipam: 'default' }) {
    this.#app = pluginServer(cnm, options)
  }

  /** A call with this body, whatever it is. */
  async send(method: string, body?: string): Promise<Reply> {
    const reply = await this.#app.inject({ method: 'POST', url: `/${method}`, ...(body === undefined ? {} : { payload: body }) })
    return { status: reply.statusCode, said: JSON.parse(reply.body) }
  }

  ask(method: string, body: object): Promise<Reply> {
    return this.send(method, `${JSON.stringify(body)}\n`)
  }

  async must(method: string, body: object): Promise<Reply['said']> {
    const { status, said } = await this.ask(method, body)
    if (status !== 200) throw new Error(`${method}: ${status} ${said['Err']}`)
    return said
  }

  /** `docker network create`; answers with what the network was made of. */
  async createNetwork(id: string, subnet = '', options: object = {}): Promise<{ readonly request: object; readonly pool: string }> {
    const pool = await this.must('IpamDriver.RequestPool', {
      AddressSpace: 'LocalDefault',
      Pool: subnet,
      SubPool: '',
      Options: {},
      V6: false,
    })
    const gateway = await this.must('IpamDriver.RequestAddress', {
      PoolID: pool['PoolID'],
      Address: '',
      Options: { RequestAddressType: 'com.docker.network.gateway' },
    })
    const request = {
      NetworkID: id,
      Options: { 'com.docker.network.generic': options, 'com.docker.network.enable_ipv6': false },
      IPv4Data: [{ AddressSpace: 'LocalDefault', Pool: pool['Pool'], Gateway: gateway['Address'] }],
      IPv6Data: null,
    }
    await this.must('NetworkDriver.CreateNetwork', request)
    return { request, pool: String(pool['PoolID']) }
  }

  /** A container is started, as far as we are told of it; answers with its address. */
  async createEndpoint(network: string, pool: string, id: string, ports: readonly object[] = []): Promise<string> {
    const { Address: address } = await this.must('IpamDriver.RequestAddress', { PoolID: pool, Address: '', Options: null })
    const Options = portMap(ports)
    const ids = { NetworkID: network, EndpointID: id }
    await this.must('NetworkDriver.CreateEndpoint', { ...ids, Interface: { Address: address, AddressIPv6: '', MacAddress: '' }, Options })
    await this.must('NetworkDriver.Join', { ...ids, SandboxKey: `/run/docker/netns/${id.slice(0, 12)}`, Options })
    return String(address)
  }
}

export const portMap = (ports: readonly object[]) => ({
  'com.docker.network.endpoint.exposedports': [],
  'com.docker.network.portmap': ports,
})
