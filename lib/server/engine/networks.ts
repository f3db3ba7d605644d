import type { Controller } from '../../controller/controller.ts'
import { networkToEngine } from '../../model/engine.ts'
import { fault } from '../../model/errors.ts'
import { networkFilter, pruneFilter } from '../../model/filter.ts'
import { given } from '../../model/given.ts'
import type { Network } from '../../model/network.ts'
import type * as request from '../../model/request.ts'
import { decode } from './decode.ts'
import { readFilters } from './filters.ts'
import { type Call, type Route, route } from './route.ts'
import { isBefore } from './versions.ts'
import * as wire from './wire.ts'

export const networkRoutes: readonly Route[] = [
  route('GET /networks/?', list),
  route('GET /networks/(.+)', inspect),
  route('POST /networks/create', async ({ cnm, version, body, signal }) => {
    const { id } = await cnm.createNetwork(networkOf(decode(wire.CreateNetwork, body), version), { signal })
    return { status: 201, json: { Id: id, Warning: '' } }
  }),
  route('POST /networks/prune', async ({ cnm, query, signal }) => {
    const removed = await cnm.pruneNetworks(pruneFilter(readFilters(query.get('filters')), Date.now()), { signal })
    return { json: { NetworksDeleted: removed.length > 0 ? removed.map(({ name }) => name) : null } }
  }),
  route('POST /networks/(.*)/connect', async ({ cnm, names: [network = ''], body, signal }) => {
    const { Container = '', EndpointConfig } = decode(wire.Connect, body)
    await cnm.connect(Container, { network, ...attachmentOf(EndpointConfig) }, { signal })
    return {}
  }),
  route('POST /networks/(.*)/disconnect', async ({ cnm, names: [network = ''], body, signal }) => {
    const { Container = '' } = decode(wire.Disconnect, body)
    await cnm.disconnect(Container, network, { signal })
    return {}
  }),
  route('DELETE /networks/(.*)', async ({ cnm, names: [network = ''], signal }) => {
    await cnm.removeNetwork(network, { signal })
    return { status: 204 }
  }),
]

async function list({ cnm, version, query }: Call) {
  const passes = await networkFilter(readFilters(query.get('filters')))
  const used = new Set(cnm.endpoints().map(({ networkId }) => networkId))
  const networks = cnm.networks().filter((network) => passes(network, ({ id }) => used.has(id)))
  return { written: `[${networks.map((network) => summary(cnm, network, version)).join(',')}]` }
}

/** A record is never changed but replaced, so what is said of it is written once. */
const WITH_CONTAINERS = new WeakMap<Network, string>()
const WITHOUT = new WeakMap<Network, string>()

/** Before 1.28 a list told of who is on a network, before 1.52 that it does not tell. */
function summary(cnm: Controller, network: Network, version: string): string {
  if (isBefore(version, '1.28')) return JSON.stringify(networkToEngine(network, cnm.guests(network.id)))
  const known = isBefore(version, '1.52') ? WITH_CONTAINERS : WITHOUT
  const text = known.get(network) ?? JSON.stringify(shape(network, known === WITH_CONTAINERS))
  known.set(network, text)
  return text
}

function shape(network: Network, containers: boolean): object {
  const { Containers, ...rest } = networkToEngine(network, [])
  return containers ? { ...rest, Containers } : rest
}

async function inspect({ cnm, version, names: [name = ''], query }: Call) {
  const verbose = query.get('verbose') ?? ''
  const isVerbose = /^(1|t|T|true|TRUE|True)$/.test(verbose)
  if (!isVerbose && !/^(0|f|F|false|FALSE|False|)$/.test(verbose)) throw fault('QUERY_INVALID', { name: 'verbose', value: verbose })
  const network = cnm.network(name)
  const scope = query.get('scope') || network.scope
  if (scope !== network.scope) throw fault('NETWORK_NOT_FOUND', { name })
  const usage = isBefore(version, '1.52') ? {} : await cnm.usage(network.id)
  const services = isVerbose ? cnm.services(network.id) : []
  return { json: networkToEngine(network, cnm.guests(network.id), usage, undefined, cnm.nodesOn(network.id), services) }
}

/** Before 1.48 nobody could say that there is to be no IPv4. Docker takes an empty text for none. */
function networkOf(said: wire.CreateNetwork, version: string): request.CreateNetwork {
  const { IPAM = {} } = said
  const scope = said.Scope || undefined
  if (scope !== undefined && scope !== 'local' && scope !== 'swarm') throw fault('QUERY_INVALID', { name: 'Scope', value: scope })
  return {
    name: said.Name ?? '',
    ...given({
      driver: said.Driver || undefined,
      scope,
      internal: said.Internal,
      attachable: said.Attachable,
      ingress: said.Ingress,
      configOnly: said.ConfigOnly,
      configFrom: said.ConfigFrom?.Network || undefined,
      enableIPv4: isBefore(version, '1.48') ? undefined : said.EnableIPv4,
      enableIPv6: said.EnableIPv6,
    }),
    labels: said.Labels ?? {},
    options: said.Options ?? {},
    ipam: {
      ...given({ driver: IPAM.Driver || undefined }),
      options: IPAM.Options ?? {},
      config: (IPAM.Config ?? []).map(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) =>
        given({
          subnet: Subnet || undefined,
          ipRange: IPRange || undefined,
          gateway: Gateway || undefined,
          auxAddresses: AuxiliaryAddresses,
        }),
      ),
    },
  }
}

function attachmentOf({ IPAMConfig = {}, ...said }: wire.EndpointConfig = {}): Omit<request.Attachment, 'network'> {
  return given({
    ip: IPAMConfig.IPv4Address || undefined,
    ip6: IPAMConfig.IPv6Address || undefined,
    mac: said.MacAddress || undefined,
    aliases: said.Aliases,
    links: said.Links,
    linkLocal: IPAMConfig.LinkLocalIPs,
    options: said.DriverOpts,
    gwPriority: said.GwPriority,
  })
}
