import type { IpamDriver, PoolAnswer, PoolRequest } from '../../ipam/driver.ts'
import { isSame, overlaps, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import type { Network } from '../../model/network.ts'
import { readAddress, readPool, releaseAddress, releasePool, requestAddress, requestPool } from '../../plugins/ipam.ts'
import { type AskOptions, halfOf } from '../../plugins/plugins.ts'
import { holderOf } from '../endpoints/holders.ts'
import { replay, withoutPrefix } from '../endpoints/pools.ts'
import type { Hall } from '../hall.ts'
import { unknown } from './drivers.ts'
import type { Envoy } from './envoy.ts'

type Which = Network['ipam'] | { readonly driver: string; readonly plugin?: boolean }

/** An IPAM driver by name: one of ours, or somebody's plugin. Throws IPAM_DRIVER_NOT_FOUND, and what asking a plugin throws. */
export async function ipamOf(
  hall: Hall,
  { driver, plugin }: Which,
  options: AskOptions = {},
): Promise<IpamDriver & { readonly plugin?: true }> {
  if (!plugin && hall.ipams.has(driver)) return hall.ipams.get(driver)
  const expected = { ...options, expected: plugin === true }
  const activated = await hall.envoy.plugins
    .get(driver, expected)
    .catch((error) => (plugin ? Promise.reject(error) : unknown(error, () => hall.ipams.get(driver))))
  const { spaces, ...capabilities } = halfOf(driver, activated, 'ipam')
  const ipam = asDriver(hall, driver, { spaces, capabilities }, options)
  if (capabilities.requiresRequestReplay && hall.envoy.isNew(driver)) await replayAll(hall, ipam)
  return ipam
}

/** Before a verb works with these networks, their plugins are told what they could not be told in time. */
export async function settleWith(hall: Hall, networks: readonly Network[]): Promise<void> {
  const names = networks.flatMap(({ driver, plugin, ipam }) => [...(plugin ? [driver] : []), ...(ipam.plugin ? [ipam.driver] : [])])
  for (const name of new Set(names)) await hall.envoy.settle(name)
}

/** Where addresses and pools are given back: that needs nobody's answer. */
export const lenderOf = (hall: Hall, { driver, plugin }: Which): Pick<IpamDriver, 'releaseAddress' | 'releasePool'> =>
  plugin ? takingBack(hall.envoy, driver) : hall.ipams.get(driver)

const takingBack = (envoy: Envoy, name: string) => ({
  releasePool: (id: string) => envoy.tell(releasePool(name, id)),
  releaseAddress: (pool: string, address: string) => envoy.tell(releaseAddress(name, pool, address)),
})

/** What the plugin answers to what is asked once more is not believed, and what it refuses is its business, as in dockerd. */
async function replayAll(hall: Hall, ipam: IpamDriver): Promise<void> {
  for (const network of hall.store.networks.list().filter((candidate) => candidate.ipam.plugin && candidate.ipam.driver === ipam.name)) {
    await replay(ipam, network, hall.store.endpoints.with('networkId', network.id)).catch((error) =>
      process.emitWarning(`plugin ${ipam.name}, told again what network ${network.name} has: ${error.message}`, { code: 'CNM_PLUGIN' }),
    )
  }
}

type Facts = Pick<IpamDriver, 'capabilities'> & { readonly spaces: { readonly local: string; readonly global: string } }

const asDriver = (
  hall: Hall,
  name: string,
  { capabilities, spaces }: Facts,
  options: AskOptions,
): IpamDriver & { readonly plugin: true } => ({
  name,
  plugin: true,
  capabilities,
  defaultAddressSpaces: () => spaces,
  requestPool: (request) => fittingPool(hall.envoy, name, request, spaces.global, options),
  async requestAddress(pool, address, facts) {
    const call = requestAddress(name, pool, address, facts)
    const given = readAddress(call, await hall.envoy.ask(call, options))
    const ip = withoutPrefix(given)
    const broken = (reason: string) => fault('DRIVER_BROKEN', { name, method: call.method, reason })
    const holder = address === '' ? holderOf(hall.store, pool, ip, name) : ''
    // Somebody else's is not given back.
    if (holder !== '') throw broken(`it gives ${ip}, which is held by ${holder}`)
    hall.envoy.owe(releaseAddress(name, pool, ip))
    if (address === '' || isSame(address, ip)) return given
    await hall.envoy.tell(releaseAddress(name, pool, ip))
    throw broken(`it gives ${ip} where ${address} was asked for`)
  },
  ...takingBack(hall.envoy, name),
})

/**
 * dockerd's loop: pools that touch what the host has elsewhere are kept until one comes that does not, and then given back. A
 * plugin that offers one for the second time has no other.
 */
async function fittingPool(envoy: Envoy, name: string, request: PoolRequest, global: string, options: AskOptions): Promise<PoolAnswer> {
  const call = requestPool(name, request)
  const rejected = new Map<string, string>()
  const isFree = request.pool !== '' || request.space === global
  try {
    for (;;) {
      const answer = readPool(call, await envoy.ask(call, options), request.v6)
      if (rejected.has(answer.id))
        throw fault('POOLS_EXHAUSTED', {
          holders: `plugin ${name} offers ${[...rejected.values()].join(', ')}, which the host has elsewhere`,
        })
      envoy.owe(releasePool(name, answer.id))
      if (isFree || !touches(answer.pool, request)) return answer
      rejected.set(answer.id, answer.pool)
    }
  } finally {
    for (const id of rejected.keys()) await envoy.tell(releasePool(name, id))
  }
}

function touches(pool: string, { reserved }: PoolRequest): boolean {
  const own = parseCidr(pool)
  return (
    own !== null &&
    own.prefix > 0 &&
    reserved.some(({ prefix }) => {
      const other = parseCidr(prefix)
      return other?.family === own.family && overlaps(own, other)
    })
  )
}
