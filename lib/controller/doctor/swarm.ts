import { Cluster } from '../../cluster/cluster.ts'
import { encode } from '../../cluster/records.ts'
import { View } from '../../cluster/view.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { type Finding, finding } from '../../model/findings.ts'
import { shortId } from '../../model/ids.ts'
import type { SwarmEndpoint } from '../../model/swarm.ts'
import { gatewayNetwork } from '../endpoints/way-out.ts'
import type { Hall } from '../hall.ts'
import { createNetwork } from '../networks/networks.ts'
import { raisedNetworks } from '../networks/raised.ts'
import { GATEWAY_NETWORK } from '../networks/raising.ts'
import { underlayOf } from '../overlay/underlay.ts'
import { engineOf } from '../swarm/engines.ts'
import { INGRESS } from '../swarm/membership.ts'
import { sharesOf } from '../swarm/shares.ts'
import { type Ailment, type Mend, making } from './ailment.ts'
import { moreThan } from './drift.ts'

/** This host's place in its swarm, held against what the swarm knows of it; an engine that is away is a finding too. */
export async function swarmDrift(hall: Hall): Promise<readonly Ailment[]> {
  const { membership } = hall.swarm
  if (!membership) return []
  const known = await viewOf(hall).catch((error) => {
    if (error instanceof CnmError) return error
    throw error
  })
  if (known instanceof CnmError) return [...gateway(hall), { finding: finding('ENGINE_AWAY', 'swarm', { reason: known.message }) }]
  const { id } = membership.node
  if (!known.nodes.has(id)) return [...gateway(hall), { finding: finding('NODE_UNKNOWN', 'swarm', {}) }]
  const isAlive = known.alive.has(id)
  return [
    ...gateway(hall),
    ...ingress(known),
    ...presence(hall, isAlive),
    ...endpoints(hall, sharesOf(hall, membership), known.endpointsOf(id), isAlive),
  ]
}

/** What the swarm says now. Throws ENGINE_LOST, ENGINE_REFUSED, ENGINE_BROKEN. */
async function viewOf(hall: Hall): Promise<View> {
  const { session, membership } = hall.swarm
  if (session) {
    const { cluster, lost } = session.member
    // Known already: nobody need wait for it again.
    if (lost !== null) throw fault('ENGINE_LOST', { engine: cluster.engine, reason: lost })
    await cluster.refresh()
    return session.view
  }
  const engine = engineOf(hall.store, membership ?? { engine: '' })
  const view = new View()
  await new Cluster(engine, view).refresh().finally(() => engine.close())
  return view
}

/** By which those leave a host who are on networks of the swarm only. */
function gateway({ store }: Hall): readonly Ailment[] {
  if (store.networks.with('name', GATEWAY_NETWORK).length > 0) return []
  const mend = agreeing((hall) => createNetwork(hall, gatewayNetwork))
  return [{ finding: finding('NETWORK_MISSING', `network ${GATEWAY_NETWORK}`, { remedy: 'cnm repair' }), mend }]
}

/** Somebody may have removed it on purpose, to have it otherwise. */
function ingress({ networks }: View): readonly Ailment[] {
  if ([...networks.values()].some((network) => network.ingress)) return []
  const remedy = `cnm network create -d overlay --ingress ${INGRESS}`
  return [{ finding: finding('NETWORK_MISSING', `network ${INGRESS}`, { remedy }) }]
}

/** Where it is only rehearsed, nothing is claimed for it. */
const agreeing = (work: (hall: Hall) => Promise<unknown>): Mend => {
  return (hall, signal) => making({ agreement: { reach: async () => void (await work(hall)), retract: async () => {} } })(hall, signal)
}

const rejoin: Mend = agreeing(({ swarm }) => swarm.present.rejoin())

/** Without a controller that stays open nobody keeps the lease; one that is opened to mend does so from its start. */
function presence({ swarm }: Hall, alive: boolean): readonly Ailment[] {
  if (alive) return []
  const remedy = swarm.session ? 'cnm repair' : 'cnm serve'
  return [{ finding: finding('NODE_DOWN', 'swarm', { remedy }), ...(swarm.session ? { mend: rejoin } : {}) }]
}

/** `isAlive`: of a node that is down the swarm has forgotten them, which was told already. */
function endpoints({ swarm }: Hall, own: readonly SwarmEndpoint[], known: readonly SwarmEndpoint[], isAlive: boolean): readonly Ailment[] {
  const mine = new Set(own.map(({ endpointId }) => endpointId))
  const there = new Map(known.map((endpoint) => [endpoint.endpointId, encode(endpoint)]))
  const stale = known.filter(({ endpointId }) => !mine.has(endpointId))
  const unknown = isAlive ? own.filter(({ endpointId }) => !there.has(endpointId)) : []
  const other = own.filter((endpoint) => there.has(endpoint.endpointId) && there.get(endpoint.endpointId) !== encode(endpoint))
  const [first, ...more] = [
    ...stale.map((endpoint) => `${words(endpoint)} is not on this node any more`),
    ...unknown.map((endpoint) => `${words(endpoint)} is not known to it`),
    ...other.map((endpoint) => `${words(endpoint)} is known to it otherwise`),
  ]
  if (first === undefined) return []
  const found = finding('SWARM_DRIFT', 'swarm', { found: first, more: moreThan(more.length) })
  return [{ finding: found, ...(swarm.session ? { mend: rejoin } : {}) }]
}

const words = ({ endpointId, sandbox, address, address6 }: SwarmEndpoint): string =>
  `endpoint ${shortId(endpointId)} of sandbox ${sandbox} (${address ?? address6 ?? 'no address'})`

/** Tunnels that begin nowhere: this host is not on the network between the hosts any more. */
export async function groundless(hall: Hall): Promise<readonly Finding[]> {
  const { drivers } = hall
  const far = raisedNetworks(hall).filter(({ driver }) => drivers.has(driver) && drivers.get(driver).tunnel !== undefined)
  if (far.length === 0) return []
  try {
    await underlayOf(hall)
    return []
  } catch (error) {
    if (!(error instanceof CnmError)) throw error
    return [
      finding('UNDERLAY_GONE', 'host', { reason: error.message, networks: far.map(({ name }) => name).join(', '), remedy: error.remedy }),
    ]
  }
}
