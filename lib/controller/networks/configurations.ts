import { checkIpamConfig } from '../../ipam/config.ts'
import { parseAddress, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { newId } from '../../model/ids.ts'
import type { Network, Pool } from '../../model/network.ts'
import type { CreateNetwork, IpamConfig } from '../../model/request.ts'
import { withoutPrefix } from '../endpoints/pools.ts'
import type { Hall } from '../hall.ts'
import { familiesOf } from './families.ts'

/** A network that only keeps a configuration: Docker has it as one of the driver `null`. */
export function configurationOf(request: CreateNetwork): Network {
  if (request.ingress || request.internal || request.attachable || request.scope) throw fault('CONFIG_OPERATOR', {})
  if (request.configFrom) throw fault('CONFIG_NESTED', {})
  const { options, ...families } = familiesOf(request)
  const configs = request.ipam?.config ?? []
  checkIpamConfig(configs, families)
  const pools = configs.flatMap(poolOf)
  checkReservations(pools)
  return {
    id: newId(),
    name: request.name,
    driver: 'null',
    scope: 'local',
    created: new Date().toISOString(),
    internal: false,
    attachable: false,
    ...families,
    labels: request.labels ?? {},
    options,
    ipam: { driver: request.ipam?.driver ?? 'default', options: request.ipam?.options ?? {} },
    pools,
    configOnly: true,
  }
}

/** A reservation for an address that is taken: nobody claims those of a configuration, and networks made after it would be refused. */
export function checkReservations(pools: readonly Pool[]): void {
  for (const { gateway, aux, reservations = {} } of pools) {
    const holders = new Map<bigint | undefined, string>()
    if (gateway) holders.set(valueOf(gateway), 'the gateway')
    for (const [name, ip] of Object.entries(aux)) holders.set(valueOf(ip), `the auxiliary address ${name}`)
    for (const [sandbox, ip] of Object.entries(reservations)) {
      const holder = holders.get(valueOf(ip))
      if (holder !== undefined) throw fault('ADDRESS_IN_USE', { address: ip, holder })
      holders.set(valueOf(ip), `the reservation for sandbox ${sandbox}`)
    }
  }
}

const valueOf = (text: string): bigint | undefined => parseAddress(withoutPrefix(text))?.value

/** Not claimed, so no IPAM driver has a name for it. */
function poolOf({ subnet = '', ipRange, gateway, auxAddresses = {}, reservations }: IpamConfig): readonly Pool[] {
  const cidr = parseCidr(subnet)
  if (!cidr) return []
  const optional = {
    ...(ipRange ? { range: ipRange } : {}),
    ...(gateway ? { gateway: `${gateway}/${cidr.prefix}` } : {}),
    ...(reservations ? { reservations } : {}),
  }
  return [{ family: cidr.family, id: '', subnet, ...optional, aux: auxAddresses }]
}

const ipamConfigOf = ({ subnet, range, gateway, aux, reservations }: Pool): IpamConfig => ({
  subnet,
  ...(range ? { ipRange: range } : {}),
  ...(gateway ? { gateway: withoutPrefix(gateway) } : {}),
  auxAddresses: aux,
  ...(reservations ? { reservations } : {}),
})

/** The request with what the configuration that it names has to say; driver, scope and who may use it stay its own. */
export function withConfiguration(hall: Hall, request: CreateNetwork): CreateNetwork {
  if (!request.configFrom) return request
  const { ipam, enableIPv6, labels = {}, options = {} } = request
  const addressed = (ipam?.driver ?? 'default') !== 'default' || ipam?.config?.length || Object.keys(ipam?.options ?? {}).length
  if (addressed || enableIPv6 || Object.keys(labels).length > 0) throw fault('CONFIG_USER', {})
  if (Object.keys(options).length > 0) throw fault('CONFIG_OPTIONS', {})
  const found = hall.store.networks.with('name', request.configFrom).find(({ configOnly }) => configOnly)
  if (!found) throw fault('CONFIG_NOT_FOUND', { name: request.configFrom })
  return {
    ...request,
    enableIPv4: found.enableIPv4,
    enableIPv6: found.enableIPv6,
    labels: found.labels,
    options: found.options,
    ipam: { ...found.ipam, config: found.pools.map(ipamConfigOf) },
  }
}

/** A configuration stays as long as a network is made after it. */
export function checkUnused(hall: Hall, { name, configOnly }: Network): void {
  if (!configOnly) return
  const users = hall.store.networks.list().filter(({ configFrom }) => configFrom === name)
  if (users.length > 0) throw fault('CONFIG_IN_USE', { name, networks: users.map((user) => user.name).join(', ') })
}
