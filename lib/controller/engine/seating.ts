import type { NetworkDriver } from '../../drivers/driver.ts'
import { shortId } from '../../model/ids.ts'
import type { Endpoint, Network, PortBinding, Sandbox } from '../../model/network.ts'
import type { PublishPort } from '../../model/request.ts'
import { Claims, claimAddress } from '../endpoints/addresses.ts'
import { asFarAsRaised } from '../endpoints/facts.ts'
import { withoutPrefix } from '../endpoints/pools.ts'
import { commitOnWalls } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { onThisKernel, raise } from '../networks/raising.ts'
import { settlePeers } from '../overlay/peers.ts'
import { ipamOf } from '../remote/ipam.ts'
import type { EngineEndpoint } from './driver.ts'
import { freeName } from './names.ts'

/** Makes an endpoint of an engine's, and the sandbox that stands for the engine's. Gives back what it claimed when that fails. */
export const seatForEngine = (
  hall: Hall,
  driver: NetworkDriver,
  network: Network,
  asked: EngineEndpoint,
  signal?: AbortSignal,
): Promise<Endpoint> => asFarAsRaised(hall, network, (unseen) => seat(hall, driver, network, asked, unseen, signal))

async function seat(
  hall: Hall,
  driver: NetworkDriver,
  network: Network,
  { ports, ...asked }: EngineEndpoint,
  unseen: boolean,
  signal?: AbortSignal,
): Promise<Endpoint> {
  const { store, swarm } = hall
  const sandbox: Sandbox = {
    id: asked.id,
    name: nameFor(hall, asked),
    kind: 'engine',
    path: '',
    created: new Date().toISOString(),
    labels: {},
    ports: [],
  }
  const claims = new Claims()
  try {
    const told = network.engine ? asked : { ...asked, ...(await addressesFor(hall, network, asked, sandbox.name, claims)) }
    const raised = await raise(hall, network, unseen)
    const made = await driver.createEndpoint(raised.config, { ...told, ports: ports.map(unsettled) })
    const endpoint: Endpoint = {
      ...told,
      networkId: network.id,
      sandboxId: told.id,
      aliases: [],
      gwPriority: 0,
      mac: made.mac ?? told.mac ?? '',
      requested: {},
      ifname: '',
      gateway: '',
      gateway6: '',
    }
    const record = () => {
      raised.record()
      store.sandboxes.put(sandbox)
      store.endpoints.put(endpoint)
    }
    const plan = [...raised.plan, ...(await onThisKernel(hall, made.plan))]
    const agreement = swarm.has(network) ? { agreement: swarm.present.agreement([endpoint], sandbox) } : {}
    await commitOnWalls(hall, { way: 'up', plan, networks: raised.networks, record, ...agreement }, signal)
    await settlePeers(hall, { endpoint, network })
    return endpoint
  } catch (error) {
    await claims.release()
    throw error
  }
}

type Asked = Omit<EngineEndpoint, 'ports'>

/** On a network of ours addresses are ours to give; one that the engine has chosen is claimed as it is. */
async function addressesFor(hall: Hall, network: Network, { address, address6, mac }: Asked, sandbox: string, claims: Claims) {
  const ipam = await ipamOf(hall, network.ipam)
  const claim = (family: 4 | 6, chosen: string | undefined) =>
    claimAddress(hall, ipam, network, family, { sandbox, ip: chosen && withoutPrefix(chosen), mac }, claims)
  const [given, given6] = [await claim(4, address), await claim(6, address6)]
  return { ...(given ? { address: given } : {}), ...(given6 ? { address6: given6 } : {}) }
}

/** As the engine told when it asked for the address, where it did. */
function nameFor({ store, lentNames }: Hall, { id, address, address6 }: Asked): string {
  const name = [address, address6].map((cidr) => lentNames.get(withoutPrefix(cidr ?? ''))).find((told) => told !== undefined)
  return name === undefined ? shortId(id) : freeName(store.sandboxes, id, name, shortId(id))
}

/** Which port of the host it is to be, is settled when the port is published. */
const unsettled = ({ protocol, hostIP, hostPort, port }: PublishPort): PortBinding => ({ protocol, hostIP, hostPort, port })
