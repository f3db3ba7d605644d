import type {
  Capabilities,
  EndpointSteps,
  JoinSteps,
  Mtu,
  Neighbour,
  NetworkDriver,
  NetworkSteps,
  Publishing,
  Tunnel,
  WireguardWay,
} from '../drivers/driver.ts'
import type { IpamCapabilities, IpamDriver, PoolAnswer, Usage } from '../ipam/driver.ts'
import { parseCidr } from '../model/address.ts'
import { CnmError, ERRORS, fault } from '../model/errors.ts'
import { parseMac } from '../model/ids.ts'
import type { Route } from '../model/network.ts'
import { anything, big, flag, list, Mismatch, map, object, oneOf, optional, type Shape, text, textThat, whole } from '../model/shape.ts'
import type { GatewayMode, Masquerade, Wall } from '../model/wall.ts'
import { plan } from '../store/records.ts'
import { withoutPrefix } from './endpoints/pools.ts'
import { Listener } from './silence.ts'

// What drivers that come from outside of this library answer, before anybody builds on it.

const cidr = textThat('an address and the length of its prefix', (value) => parseCidr(value) !== null)
const mode = oneOf<GatewayMode>('nat', 'nat-unprotected', 'routed', 'isolated')
const modes = object<Wall['modes']>({ 4: mode, 6: mode })
const leaving = object<Masquerade>({ source: optional(text) })

const wall = object<Wall>({
  link: text,
  subnets: list(cidr),
  internal: flag,
  icc: flag,
  modes,
  masquerade: object<Wall['masquerade']>({ 4: optional(leaving), 6: optional(leaving) }),
  trusted: list(text),
})

const networkSteps = object<NetworkSteps>({ plan, wall: optional(wall), base: optional(text) })
const endpointSteps = object<EndpointSteps>({ plan, mac: optional(textThat('a MAC address', (value) => parseMac(value) !== null)) })

const joinSteps = object<JoinSteps>({
  plan,
  link: optional(object<NonNullable<JoinSteps['link']>>({ name: text, prefix: text })),
  gateway: text,
  gateway6: text,
  routes: list(object<Route>({ to: cidr, via: optional(text) })),
  neighbours: optional(list(object<Neighbour>({ address: text, mac: text }))),
})

const wireguard = object<WireguardWay>({ link: text, port: whole, own: text })
const tunnel = object<Tunnel>({ link: text, bridge: text, vni: whole, encrypted: flag, wireguard: optional(wireguard) })
const mtu = object<Mtu>({ bytes: whole, derivation: text })

const publishing = object<Publishing>({
  modes,
  hostIP: object<Publishing['hostIP']>({ 4: optional(text), 6: optional(text) }),
  trusted: flag,
})

const capabilities = object<Capabilities>({
  scope: oneOf('local', 'global'),
  connectivityScope: oneOf('local', 'global'),
  singleton: optional(flag),
  maxEndpoints: optional(whole),
})

/** A network driver whose answers are what the contract says; throws DRIVER_BROKEN where they are not, DRIVER_SILENT where none comes. */
export const heldToContract = (driver: NetworkDriver, patience: number): NetworkDriver =>
  held<NetworkDriver>(driver, patience, {
    facts: object<Pick<NetworkDriver, 'name' | 'capabilities' | 'kin'>>({ name: text, capabilities, kin: optional(list(text)) }),
    needed: {
      createNetwork: networkSteps,
      deleteNetwork: networkSteps,
      createEndpoint: endpointSteps,
      deleteEndpoint: endpointSteps,
      join: joinSteps,
      leave: object<{ plan: NetworkSteps['plan'] }>({ plan }),
    },
    offered: {
      skipGateway: object<{ v4: boolean; v6: boolean }>({ v4: flag, v6: flag }),
      adoptedLinks: list(text),
      hostAddress: flag,
      sharesMac: flag,
      maxEndpoints: (value, at) => (value === undefined ? value : whole(value, at)),
      publishing,
      tunnel,
      mtu,
    },
  })

/** The same of an IPAM driver. */
export const ipamHeldToContract = (driver: IpamDriver, patience: number): IpamDriver =>
  held<IpamDriver>(driver, patience, {
    facts: object({ name: text, capabilities: object<IpamCapabilities>({ requiresMACAddress: flag, requiresRequestReplay: flag }) }),
    needed: {
      defaultAddressSpaces: object<{ local: string; global: string }>({ local: text, global: text }),
      requestPool: object<PoolAnswer>({ id: text, pool: cidr, data: map(text) }),
      releasePool: anything,
      requestAddress: textThat("an address and the length of its prefix, or ''", (value) => value === '' || parseCidr(value) !== null),
      releaseAddress: anything,
    },
    offered: {
      usage: object<Usage>({ inUse: big, available: big }),
      lifetime: (value, at) => (value === undefined ? value : whole(value, at)),
    },
    told: ['releasePool', 'releaseAddress'],
    late: {
      requestPool: ({ id }: PoolAnswer) => driver.releasePool(id),
      requestAddress: (address: string, [poolId]) =>
        address === '' ? '' : driver.releaseAddress(String(poolId), withoutPrefix(address), true),
    },
  })

interface Contract {
  readonly facts: Shape<object>
  /** Methods that it has to have, and those that it may have, with what they answer. */
  readonly needed: Readonly<Record<string, Shape<unknown>>>
  readonly offered: Readonly<Record<string, Shape<unknown>>>
  /** Of those that it has to have, the ones whose answer nobody needs. */
  readonly told?: readonly string[]
  /** Takes back what was asked for and came too late. */
  readonly late?: Readonly<Record<string, (answer: never, facts: readonly unknown[]) => unknown>>
}

function held<D extends { readonly name: string }>(
  driver: D,
  patience: number,
  { facts, needed, offered, told = [], late = {} }: Contract,
): D {
  const broken = (method: string, error: unknown): never => {
    const own = ownError(error)
    if (own) throw own
    throw fault('DRIVER_BROKEN', { name: String(driver?.name), method, reason: wordsOf(error) }, error)
  }
  const guarded = <T>(method: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      return broken(method, error)
    }
  }
  guarded('it', () => {
    facts(driver, '')
    const missing = Object.keys(needed).find((method) => typeof driver[method as keyof D] !== 'function')
    if (missing !== undefined) throw new Mismatch(`${missing} should be a method`)
  })
  const answers = { ...needed, ...offered }
  const listener = new Listener(driver.name, patience)
  // Not of the driver itself: of one that is frozen, a proxy may answer with nothing but its own methods.
  return new Proxy({} as D, {
    get(_, method) {
      const value: unknown = driver[method as keyof D]
      const shape = typeof method === 'string' ? answers[method] : undefined
      if (typeof method !== 'string' || !shape || typeof value !== 'function') return value
      return (...facts: readonly unknown[]) => {
        const ask = () => value.apply(driver, facts)
        if (told.includes(method) && listener.putOff(ask)) return
        if (method in needed) listener.check()
        const answer: unknown = guarded(method, ask)
        if (!isPromise(answer)) return guarded(method, () => shape(answer, ''))
        return listener
          .hear(method, answer, method in needed ? (said) => late[method]?.(said as never, facts) : undefined)
          .then((said) => shape(said, ''))
          .catch((error) => broken(method, error))
      }
    },
  })
}

const isPromise = (value: unknown): value is PromiseLike<unknown> => typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'

/** A driver may be written in CommonJS, and the program around it not: each has a copy of this library, and a class of its own. */
function ownError(error: unknown): CnmError | undefined {
  if (error instanceof CnmError) return error
  const { name, code, values } = Object(error) as Partial<CnmError>
  return name === 'CnmError' && code !== undefined && Object.hasOwn(ERRORS, code) ? new CnmError(code, values ?? {}, error) : undefined
}

/** Anything can be thrown. */
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : `it threw ${String(error)}`)
