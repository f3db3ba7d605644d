import { formatAddress, parseAddress, parseCidr } from '../model/address.ts'
import type { Said } from '../model/call.ts'
import { isLinkName, parseMac } from '../model/ids.ts'
import type { Answered, Route } from '../model/network.ts'
import { flag, list, Mismatch, object, oneOf, optional, type Shape, text } from '../model/shape.ts'
import { type Asked, named, read } from './answer.ts'
import type { ToldEndpoint } from './network.ts'

export interface NetworkCapabilities {
  readonly scope: 'local' | 'global'
  readonly connectivityScope: 'local' | 'global'
  readonly gwAllocChecker: boolean
}

interface Scopes {
  readonly Scope?: string
  readonly ConnectivityScope?: string
  readonly GwAllocChecker?: boolean
}

const scopes = named(
  ['Scope', 'ConnectivityScope', 'GwAllocChecker'],
  object<Scopes>({ Scope: optional(text), ConnectivityScope: optional(text), GwAllocChecker: optional(flag) }),
)

export function readCapabilities(asked: Asked, said: Said): NetworkCapabilities {
  return read(
    asked,
    (value, at) => {
      const { Scope = '', ConnectivityScope = Scope, GwAllocChecker = false } = scopes(value, at)
      const scopeOf = (scope: string) => {
        if (scope === 'local' || scope === 'global') return scope
        throw new Mismatch(`invalid capability: expecting 'local' or 'global', got ${scope}`)
      }
      // Go has '' for what is not said.
      return { scope: scopeOf(Scope), connectivityScope: scopeOf(ConnectivityScope || Scope), gwAllocChecker: GwAllocChecker }
    },
    said,
  )
}

interface Skips {
  readonly SkipIPv4?: boolean
  readonly SkipIPv6?: boolean
}

const skips = named(['SkipIPv4', 'SkipIPv6'], object<Skips>({ SkipIPv4: optional(flag), SkipIPv6: optional(flag) }))

export function readSkips(asked: Asked, said: Said): { readonly v4: boolean; readonly v6: boolean } {
  const { SkipIPv4 = false, SkipIPv6 = false } = read(asked, skips, said)
  return { v4: SkipIPv4, v6: SkipIPv6 }
}

interface Interface {
  readonly Address?: string
  readonly AddressIPv6?: string
  readonly MacAddress?: string
}

const interfaces = named(
  ['Interface'],
  object<{ readonly Interface?: Interface }>({
    Interface: optional(
      named(
        ['Address', 'AddressIPv6', 'MacAddress'],
        object<Interface>({ Address: optional(text), AddressIPv6: optional(text), MacAddress: optional(text) }),
      ),
    ),
  }),
)

/** What the plugin has filled in: only what was left open may be. */
export function readInterface(asked: Asked, said: Said, told: ToldEndpoint): Pick<ToldEndpoint, 'address' | 'address6' | 'mac'> {
  return read(
    asked,
    (value, at) => {
      const { Address = '', AddressIPv6 = '', MacAddress = '' } = interfaces(value, at).Interface ?? {}
      const filled = (what: string, mine: string | undefined, theirs: string, fits: boolean) => {
        if (theirs === '') return
        if (mine) throw new Mismatch(`driver modified interface ${what}: ${mine} was given, and it answers ${theirs}`)
        if (!fits) throw new Mismatch(`${JSON.stringify(theirs)} is no ${what}`)
      }
      filled('address', told.address, Address, parseCidr(Address)?.family === 4)
      filled('IPv6 address', told.address6, AddressIPv6, parseCidr(AddressIPv6)?.family === 6)
      filled('MAC address', told.mac, MacAddress, parseMac(MacAddress) !== null)
      return {
        ...(Address ? { address: Address } : {}),
        ...(AddressIPv6 ? { address6: AddressIPv6 } : {}),
        ...(MacAddress ? { mac: MacAddress } : {}),
      }
    },
    said,
  )
}

interface StaticRoute {
  readonly Destination?: string
  readonly RouteType?: number
  readonly NextHop?: string
}

interface Joined {
  readonly InterfaceName?: { readonly SrcName?: string; readonly DstPrefix?: string }
  readonly Gateway?: string
  readonly GatewayIPv6?: string
  readonly StaticRoutes?: readonly StaticRoute[]
  readonly DisableGatewayService?: boolean
}

const NEXT_HOP = 0
const CONNECTED = 1

const joins = named(
  ['InterfaceName', 'Gateway', 'GatewayIPv6', 'StaticRoutes', 'DisableGatewayService'],
  object<Joined>({
    InterfaceName: optional(
      named(['SrcName', 'DstPrefix'], object<NonNullable<Joined['InterfaceName']>>({ SrcName: optional(text), DstPrefix: optional(text) })),
    ),
    Gateway: optional(text),
    GatewayIPv6: optional(text),
    StaticRoutes: optional(
      list(
        named(
          ['Destination', 'RouteType', 'NextHop'],
          object<StaticRoute>({
            Destination: optional(text),
            RouteType: optional(oneOf(NEXT_HOP, CONNECTED)),
            NextHop: optional(text),
          }),
        ),
      ),
    ),
    DisableGatewayService: optional(flag),
  }),
)

/** What belongs into the sandbox. */
export const readJoin = (asked: Asked, said: Said): Answered => read(asked, answered, said)

const answered: Shape<Answered> = (value, at) => {
  const { InterfaceName, Gateway = '', GatewayIPv6 = '', StaticRoutes = [], DisableGatewayService = false } = joins(value, at)
  const { SrcName = '', DstPrefix = '' } = InterfaceName ?? {}
  // Go has '' for what is not said; without a name nothing is moved.
  if (SrcName !== '' && !isLinkName(SrcName)) throw new Mismatch(`InterfaceName.SrcName should be the name of a link: ${SrcName}`)
  if (SrcName !== '' && !isLinkName(`${DstPrefix}0`))
    throw new Mismatch(`InterfaceName.DstPrefix should begin the name of a link: ${DstPrefix}`)
  return {
    ...(SrcName === '' ? {} : { link: { name: SrcName, prefix: DstPrefix } }),
    gateway: gatewayOf(Gateway, 4),
    gateway6: gatewayOf(GatewayIPv6, 6),
    routes: StaticRoutes.map(routeOf),
    gatewayService: !DisableGatewayService,
  }
}

function gatewayOf(said: string, family: 4 | 6): string {
  const address = parseAddress(said)
  if (said === '') return ''
  if (address?.family !== family) throw new Mismatch(`unable to parse Gateway ${said}`)
  return formatAddress(address)
}

function routeOf({ Destination = '', RouteType = NEXT_HOP, NextHop = '' }: StaticRoute): Route {
  const to = parseCidr(Destination)
  const via = parseAddress(NextHop)
  if (!to) throw new Mismatch(`StaticRoutes: ${JSON.stringify(Destination)} is no subnet`)
  if (RouteType === CONNECTED) return { to: Destination }
  if (via?.family !== to.family) throw new Mismatch(`StaticRoutes: ${JSON.stringify(NextHop)} is no next hop to ${Destination}`)
  return { to: Destination, via: NextHop }
}
