import type { JoinSteps, NetworkConfig, NetworkDriver } from '../../drivers/driver.ts'
import { CnmError, fault } from '../../model/errors.ts'
import type { Network } from '../../model/network.ts'
import { gwAllocCheck } from '../../plugins/network.ts'
import { readSkips } from '../../plugins/network-answers.ts'
import { type AskOptions, halfOf } from '../../plugins/plugins.ts'
import type { Hall } from '../hall.ts'

/** The driver of a network, which plans: a plugin's steps are its own, and what it answered is in the records. */
export const driverOf = ({ drivers }: Pick<Hall, 'drivers'>, { driver, plugin }: Pick<Network, 'driver' | 'plugin'>): NetworkDriver =>
  plugin ? recalling(driver) : drivers.get(driver)

/** Whether driverOf() answers. */
export const hasDriver = ({ drivers }: Pick<Hall, 'drivers'>, { driver, plugin }: Pick<Network, 'driver' | 'plugin'>): boolean =>
  plugin === true || drivers.has(driver)

const NOTHING = { plan: [] } as const
const JOINED: JoinSteps = { plan: [], gateway: '', gateway6: '', routes: [] }

const recalling = (name: string): NetworkDriver => ({
  name,
  capabilities: { scope: 'local', connectivityScope: 'local' },
  createNetwork: () => NOTHING,
  deleteNetwork: () => NOTHING,
  createEndpoint: (_, { mac }) => ({ plan: [], ...(mac ? { mac } : {}) }),
  deleteEndpoint: () => NOTHING,
  join: (_, { answered }) => ({ ...JOINED, ...answered }),
  leave: () => NOTHING,
})

const NO_SKIP = { v4: false, v6: false }

/** What a new network has to know of its driver. */
export interface Found extends Pick<NetworkDriver, 'name' | 'capabilities'> {
  readonly plugin: boolean
  /** As in NetworkDriver. */
  readonly skipGateway: (network: Draft) => Promise<{ readonly v4: boolean; readonly v6: boolean }>
  readonly hostAddress: (network: Draft) => Promise<boolean>
  readonly sharesMac: (network: Draft) => Promise<boolean>
}

type Draft = Omit<NetworkConfig, 'id' | 'pools'>

/** A driver by name: one of ours, or somebody's plugin. Throws DRIVER_NOT_FOUND, and what asking a plugin throws. */
export async function findDriver(hall: Hall, name: string, options: AskOptions): Promise<Found> {
  if (hall.drivers.has(name)) {
    const driver = hall.drivers.get(name)
    const { capabilities } = driver
    return {
      name,
      capabilities,
      plugin: false,
      skipGateway: async (network) => driver.skipGateway?.(network) ?? NO_SKIP,
      hostAddress: async (network) => driver.hostAddress?.(network) ?? false,
      sharesMac: async (network) => driver.sharesMac?.(network) ?? false,
    }
  }
  const activated = await hall.envoy.plugins.get(name, options).catch((error) => unknown(error, () => hall.drivers.get(name)))
  const { gwAllocChecker, ...capabilities } = halfOf(name, activated, 'network')
  return {
    name,
    capabilities,
    plugin: true,
    hostAddress: async () => false,
    sharesMac: async () => false,
    async skipGateway(network) {
      if (!gwAllocChecker) return NO_SKIP
      const call = gwAllocCheck(name, network)
      return readSkips(call, await hall.envoy.ask(call, options))
    },
  }
}

/** Where there is no plugin of a name, it is the name of a driver that nobody knows. */
export function unknown(error: unknown, refuse: () => unknown): never {
  if (error instanceof CnmError && error.code === 'PLUGIN_NOT_FOUND') refuse()
  throw error
}

/** A network that spans hosts needs a cluster, in dockerd's words. */
export function checkScope({ name, capabilities, plugin }: Found, asked: string | undefined): void {
  if (!plugin || capabilities.scope === 'local') return
  throw asked === 'local' ? fault('SCOPE_DOWNGRADE', { driver: name }) : fault('NETWORK_NOT_SWARM', {})
}
