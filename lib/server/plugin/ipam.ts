import type { Controller } from '../../controller/controller.ts'
import type { EngineIpam } from '../../controller/engine/ipam.ts'
import { DONE, type Methods, method } from './method.ts'
import * as wire from './wire.ts'

/** The interface IpamDriver over one of our IPAM drivers. */
export function ipamMethods(cnm: Controller, driver: string): Methods {
  const ask = <T>(verb: (plugin: EngineIpam) => T | Promise<T>, signal?: AbortSignal) =>
    cnm.asIpamPlugin(driver, verb, signal ? { signal } : {})
  return {
    'IpamDriver.GetCapabilities': {
      // What is lent is written down here, so nothing need be asked for again.
      answer: (_, signal) =>
        ask(({ requiresMACAddress }) => ({ RequiresMACAddress: requiresMACAddress, RequiresRequestReplay: false }), signal),
    },
    'IpamDriver.GetDefaultAddressSpaces': {
      answer: (_, signal) =>
        ask(async (plugin) => {
          const { local, global } = await plugin.defaultAddressSpaces()
          return { LocalDefaultAddressSpace: local, GlobalDefaultAddressSpace: global }
        }, signal),
    },
    'IpamDriver.RequestPool': {
      ...method(wire.RequestPool, ({ AddressSpace: space, Pool: pool = '', SubPool: subPool = '', Options, V6: v6 = false }, signal) =>
        ask(async (plugin) => {
          const answer = await plugin.requestPool({ space, pool, subPool, options: Options ?? {}, v6 }, signal)
          return { PoolID: answer.id, Pool: answer.pool, Data: answer.data }
        }, signal),
      ),
      told: ({ PoolID }: { readonly PoolID: string }) => ask((plugin) => plugin.told(PoolID)),
    },
    'IpamDriver.ReleasePool': method(wire.ReleasePool, ({ PoolID }) =>
      ask(async (plugin) => {
        await plugin.releasePool(PoolID)
        return DONE
      }),
    ),
    'IpamDriver.RequestAddress': method(wire.RequestAddress, ({ PoolID, Address = '', Options }, signal) =>
      ask(async (plugin) => ({ Address: await plugin.requestAddress(PoolID, Address, Options ?? {}, signal), Data: {} }), signal),
    ),
    'IpamDriver.ReleaseAddress': method(wire.ReleaseAddress, ({ PoolID, Address }) =>
      ask(async (plugin) => {
        await plugin.releaseAddress(PoolID, Address)
        return DONE
      }),
    ),
  }
}
