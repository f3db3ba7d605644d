import { fault } from '../model/errors.ts'
import type { NetworkDriver } from './driver.ts'

/** A driver with one predefined network that has no addresses and moves no link. */
const singleton = (name: string): NetworkDriver => ({
  name,
  capabilities: { scope: 'local', connectivityScope: 'local', singleton: true },
  createNetwork: () => ({ plan: [] }),
  deleteNetwork: () => ({ plan: [] }),
  createEndpoint(network, { options }) {
    // A limit, or a route, that nobody sees to would be found out in production.
    for (const [key, value] of Object.entries(options))
      throw fault('INVALID_OPTION', { key, value, reason: `the endpoints of network ${network.name} have no options` })
    return { plan: [] }
  },
  deleteEndpoint: () => ({ plan: [] }),
  join: () => ({ plan: [], gateway: '', gateway6: '', routes: [] }),
  leave: () => ({ plan: [] }),
})

/** The sandbox is the host's own namespace. */
export const host = singleton('host')

/** The sandbox has its loopback link and nothing else. */
export const none = singleton('null')
