import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bridge } from '../drivers/bridge.ts'
import type { NetworkDriver } from '../drivers/driver.ts'
import { ipvlan } from '../drivers/ipvlan.ts'
import { macvlan } from '../drivers/macvlan.ts'
import { overlay } from '../drivers/overlay.ts'
import { host, none } from '../drivers/singleton.ts'
import { DefaultIpam, type DefaultIpamOptions } from '../ipam/default.ts'
import { DhcpIpam } from '../ipam/dhcp/driver.ts'
import type { Lease } from '../ipam/dhcp/lan.ts'
import type { IpamDriver } from '../ipam/driver.ts'
import type { Notes } from '../ipam/notes.ts'
import { nullIpam } from '../ipam/null.ts'
import { type PredefinedPool, readPools } from '../ipam/predefined.ts'
import { fault } from '../model/errors.ts'
import * as descriptor from '../netlink/descriptor.ts'
import { namespaceAt } from '../netlink/namespace.ts'
import { PATIENCE, Plugins, type PluginsOptions } from '../plugins/plugins.ts'
import { type Marks, openStore, type Store } from '../store/store.ts'
import { heldToContract, ipamHeldToContract } from './contracts.ts'
import { type Directories, rootOf, runOf } from './directories.ts'
import { dummyIn } from './endpoints/dummy.ts'
import { holderOf } from './endpoints/holders.ts'
import { ipv6In } from './endpoints/ipv6.ts'
import { Announcer } from './execution/announcing.ts'
import { commit } from './execution/commit.ts'
import { Deletion } from './execution/deletion.ts'
import { EventLog } from './execution/events.ts'
import type { Hall } from './hall.ts'
import { duidIn } from './leases/duid.ts'
import { lanOf } from './leases/lan.ts'
import { Lookout } from './networks/surroundings.ts'
import { namingHolders } from './overlay/clash.ts'
import { changePeers, setPeers } from './overlay/peers.ts'
import type { DataPath } from './overlay/underlay.ts'
import { Registry } from './registry.ts'
import { Envoy } from './remote/envoy.ts'
import { inodeAt } from './sandboxes/sandboxes.ts'
import type { PeerSink } from './swarm/feed.ts'
import { Presence } from './swarm/presence.ts'

export interface OpenOptions extends Directories {
  /** The namespace that plays host: '/run/netns/x'. Default: the one that this process is in. */
  readonly netns?: string
  /** Drivers besides bridge, macvlan, ipvlan, overlay, host and null; one of the same name takes its place. */
  readonly drivers?: readonly NetworkDriver[]
  readonly ipamDrivers?: readonly IpamDriver[]
  /** Where other people's plugins are looked for, and how long they, and drivers that are brought along, are waited for. */
  readonly plugins?: PluginsOptions
  /**
   * Where automatic subnets come from, instead of the predefined pools of the same family: dockerd's
   * default-address-pools. Default: CNM_DEFAULT_ADDRESS_POOLS, 'base=10.10.0.0/16,size=24 base=fd00:10::/48,size=64'.
   */
  readonly defaultAddressPools?: readonly PredefinedPool[]
  /** Who is told of the endpoints on other nodes of a swarm, instead of the tunnels of overlay networks. */
  readonly peers?: PeerSink
  /** How this host takes part in networks of more than one host; without it there are none. */
  readonly dataPath?: DataPath
  /**
   * Stay on guard: rules that somebody changes, bridges that somebody deletes and forwarding that somebody switches off come
   * back at once, and `cnm events` tells of it. The process stays as long as the controller is open. Default: false, and the next verb brings them back.
   */
  readonly guard?: boolean
  /** On guard: how often what tunnels know of other hosts is read back, and put right, in ms. Default: 10,000. */
  readonly auditEvery?: number
  /** How long to wait for another controller to end, in ms. Default: 10,000. */
  readonly wait?: number
  readonly signal?: AbortSignal
}

export interface Entered {
  readonly hall: Hall
  readonly close: () => Promise<void>
}

/** Becomes the owner of the directories and furnishes the hall; nothing that the last controller left is touched yet. Throws NAMESPACE_NOT_FOUND. */
export async function enter(options: OpenOptions): Promise<Entered> {
  const root = rootOf(options)
  const run = runOf(options)
  const { CNM_DEFAULT_ADDRESS_POOLS: pools = '' } = process.env
  // What is wrong with the variable concerns only who wants an automatic subnet.
  const local = options.defaultAddressPools ?? (() => readPools(pools))
  const { wait, signal, plugins: { patience = PATIENCE } = {} } = options
  // Before anything is made on disk: where the addon cannot be loaded, this is what says so.
  if (options.netns) await inodeAt(options.netns)
  const netns = namespaceAt(options.netns ?? '')
  const waiting = { ...(wait === undefined ? {} : { wait }), ...(signal ? { signal } : {}) }
  const store = await openStore({ root, run, descriptor, ...waiting }).catch((error) => {
    netns.close()
    throw error
  })
  const deletion = new Deletion(netns, store)
  const dhcp = new DhcpIpam({ lan: lanOf(netns), leases: notesIn<Lease>(store.marks, 'lease/'), duid: duidIn(store) })
  const announcer = new Announcer(store)
  const lookout = new Lookout(netns, { store })
  const events = new EventLog(run)
  const envoy = new Envoy(new Plugins(options.plugins), store)
  const swarm = new Presence(store, options.peers ?? { set: setPeers, change: changePeers })
  const close = async () => {
    await swarm.close()
    await announcer.close()
    await deletion.finish()
    await lookout.close()
    netns.close()
    events.close()
    await store.close()
  }
  try {
    mkdirSync(join(run, 'netns'), { recursive: true, mode: 0o700 })
    const hall: Hall = {
      store,
      host: netns,
      lookout,
      hasIPv6: ipv6In(netns),
      hasDummy: dummyIn(netns),
      root,
      run,
      drivers: new Registry(
        [bridge, macvlan, ipvlan, overlay, host, none, ...(options.drivers ?? []).map((driver) => heldToContract(driver, patience))],
        (name, known) => fault('DRIVER_NOT_FOUND', { name, known }),
      ),
      ipams: new Registry(
        [
          new DefaultIpam({ ...memoryIn(store, swarm), pools: { local, global: () => swarm.pools } }),
          nullIpam,
          dhcp,
          ...(options.ipamDrivers ?? []).map((driver) => ipamHeldToContract(driver, patience)),
        ],
        (name, known) => fault('IPAM_DRIVER_NOT_FOUND', { name, known }),
      ),
      dhcp,
      tell: events.tell,
      announcer,
      lentNames: new Map(),
      underWay: new Set(),
      lostPools: new Set(),
      envoy,
      swarm,
      dataPath: () => swarm.dataPath ?? options.dataPath,
      rosters: new Map(),
      secrets: {},
      deleted: () => deletion.finish(),
      commit: (work, abort) =>
        namingHolders({ host: netns, run, store }, work, () => commit({ store, host: netns, deletion, envoy }, work, abort), abort),
    }
    return { hall, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What the built-in IPAM needs of the records: who holds what, which address it gave last, which were just released. */
const memoryIn = (store: Store, swarm: Presence): DefaultIpamOptions => ({
  describe: (poolId, address) => holderOf(store, poolId, address, 'default', swarm),
  lastGiven: idleNotesIn<string>(store.marks, 'last/'),
  beginAt: (poolId) => swarm.beginAt(poolId),
  quarantine: { notes: idleNotesIn<number>(store.marks, 'released/') },
})

const notesIn = <T>(marks: Marks, prefix: string): Notes<T> => ({
  get: (key) => marks.get(`${prefix}${key}`) as T | undefined,
  set: (key, value) => marks.put(`${prefix}${key}`, value),
  delete: (key) => marks.delete(`${prefix}${key}`),
  entries: () => marks.list(prefix).map(({ key, value }) => [key.slice(prefix.length), value as T]),
})

/** Of addresses that are free: a kill that loses one of them does no more harm than a boot does. */
const idleNotesIn = <T>(marks: Marks, prefix: string): Notes<T> => ({
  ...notesIn<T>(marks, prefix),
  set: (key, value) => marks.putIdly(`${prefix}${key}`, value),
  delete: (key) => marks.deleteIdly(`${prefix}${key}`),
})
