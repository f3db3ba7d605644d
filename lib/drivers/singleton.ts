import type { NetworkDriver } from './driver.ts'

/** A driver with one predefined network that has no addresses and moves no link. */
const singleton = (name: string): NetworkDriver => ({
  name,
  capabilities: { scope: 'local', connectivityScope: 'local', singleton: true },
  createNetwork: () => ({ plan: [] }),
  deleteNetwork: () => ({ plan: [] }),
  createEndpoint: () => ({ plan: [] }),
  deleteEndpoint: () => ({ plan: [] }),
  join: () => ({ plan: [], gateway: '', gateway6: '', routes: [] }),
  leave: () => ({ plan: [] }),
})

/** The sandbox is the host's own namespace. */
export const host = singleton('host')

/** The sandbox has its loopback link and nothing else. */
export const none = singleton('null')
