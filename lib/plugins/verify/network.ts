import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { parseAddress, parseCidr } from '../../model/address.ts'
import type { Json, Said } from '../../model/call.ts'
import { parseMac } from '../../model/ids.ts'
import type { Options } from '../../model/network.ts'
import { isObject } from '../answer.ts'
import type { Exam } from './exam.ts'
import type { Lent } from './ipam.ts'

const newId = (): string => randomBytes(32).toString('hex')

/** A subnet, and two of its addresses for endpoints. */
export interface Ground extends Pick<Lent, 'subnet' | 'gateway'> {
  readonly addresses: readonly [string, string]
}

/** The interface NetworkDriver: one network, two containers, one of which is the way out of its sandbox. */
export async function examineNetwork(exam: Exam, { subnet, gateway, addresses }: Ground, options: Options): Promise<void> {
  await examineScope(exam)
  const NetworkID = newId()
  const network = {
    NetworkID,
    Options: { 'com.docker.network.generic': options, 'com.docker.network.enable_ipv4': true, 'com.docker.network.enable_ipv6': false },
    IPv4Data: [{ AddressSpace: 'local', Pool: subnet, Gateway: gateway }],
    IPv6Data: [],
  }
  await exam.refused(
    'NetworkDriver.CreateEndpoint',
    { NetworkID, EndpointID: newId(), Interface: {}, Options: {} },
    'an endpoint on a network that is not there',
    'note',
  )
  if (!(await exam.ask('NetworkDriver.CreateNetwork', network))) return
  const before = linksHere()
  for (const [index, Address] of addresses.entries()) await examineEndpoint(exam, NetworkID, Address, index === 0)
  const left = await leftSince(before)
  exam.expect(left.length === 0, 'NetworkDriver.DeleteEndpoint', 'no link is left of the endpoints', left)
  await exam.ask('NetworkDriver.DeleteNetwork', { NetworkID })
  await exam.survives('NetworkDriver.DeleteNetwork', { NetworkID }, 'a network that is gone, deleted once more,')
}

async function examineScope(exam: Exam): Promise<void> {
  const method = 'NetworkDriver.GetCapabilities'
  const said = await exam.ask(method)
  if (!said) return
  const isScope = (scope: Json | undefined) => scope === 'local' || scope === 'global'
  exam.expect(isScope(said['Scope']), method, 'Scope is local or global', said['Scope'])
  const { ConnectivityScope: reach = '' } = said
  exam.expect(reach === '' || isScope(reach), method, 'ConnectivityScope is local, global, or not said', reach)
}

async function examineEndpoint(exam: Exam, NetworkID: string, Address: string, isWayOut: boolean): Promise<void> {
  const ids = { NetworkID, EndpointID: newId() }
  const none = { 'com.docker.network.endpoint.exposedports': [], 'com.docker.network.portmap': [] }
  const made = await exam.ask('NetworkDriver.CreateEndpoint', {
    ...ids,
    Interface: { Address, AddressIPv6: '', MacAddress: '' },
    Options: none,
  })
  if (!made) return
  examineInterface(exam, made)
  const joined = await exam.ask('NetworkDriver.Join', {
    ...ids,
    SandboxKey: `/var/run/docker/netns/${ids.EndpointID.slice(0, 12)}`,
    Options: none,
  })
  if (joined) {
    examineJoin(exam, joined)
    if (isWayOut) {
      await exam.ask('NetworkDriver.ProgramExternalConnectivity', { ...ids, Options: none })
      await exam.ask('NetworkDriver.EndpointOperInfo', ids)
      await exam.ask('NetworkDriver.RevokeExternalConnectivity', ids)
    }
    await exam.ask('NetworkDriver.Leave', ids)
  }
  await exam.ask('NetworkDriver.DeleteEndpoint', ids)
  await exam.survives('NetworkDriver.DeleteEndpoint', ids, 'an endpoint that is gone, deleted once more,')
}

/** The driver fills in what was left open, and nothing else: dockerd takes the endpoint away again otherwise. */
function examineInterface(exam: Exam, { Interface }: Said): void {
  const method = 'NetworkDriver.CreateEndpoint'
  if (Interface !== undefined && !isObject(Interface))
    return void exam.expect(false, method, 'Interface is an object, or not said', Interface)
  const { Address = '', MacAddress = '' } = Interface ?? {}
  exam.expect(Address === '', method, 'Interface has no address, since it was given one', Address)
  exam.expect(MacAddress === '' || parseMac(String(MacAddress)) !== null, method, 'MacAddress is one, or not said', MacAddress)
}

function examineJoin(exam: Exam, { InterfaceName, Gateway = '', StaticRoutes }: Said): void {
  const method = 'NetworkDriver.Join'
  const { SrcName, DstPrefix } = (InterfaceName ?? {}) as Said
  if (InterfaceName === undefined) exam.note('note', method, 'no InterfaceName: nothing is moved into the sandbox')
  else {
    exam.expect(typeof DstPrefix === 'string' && DstPrefix !== '', method, 'DstPrefix is what the link is called in the sandbox', DstPrefix)
    exam.expect(linksHere().has(String(SrcName)), method, 'SrcName is a link of this host', SrcName)
  }
  exam.expect(
    Gateway === '' || parseAddress(String(Gateway)) !== null,
    method,
    'Gateway is an address without a prefix, or not said',
    Gateway,
  )
  const routes = StaticRoutes ?? []
  if (!Array.isArray(routes) || !routes.every(isObject))
    return void exam.expect(false, method, 'StaticRoutes is a list of objects, or not said', routes)
  for (const route of routes) {
    const { Destination, RouteType = 0, NextHop = '' } = route
    exam.expect(parseCidr(String(Destination)) !== null, method, 'Destination of a route is a subnet', Destination)
    const isRight = RouteType === 1 || (RouteType === 0 && parseAddress(String(NextHop)) !== null)
    exam.expect(isRight, method, 'a route has a next hop (RouteType 0) or is connected (1)', route)
  }
}

/** A kernel takes its time to take links away: two seconds are enough. */
async function leftSince(before: ReadonlySet<string>): Promise<readonly string[]> {
  for (let patience = 40; ; patience--) {
    const left = [...linksHere()].filter((name) => !before.has(name))
    if (left.length === 0 || patience === 0) return left
    await setTimeout(50)
  }
}

/** In the namespace of this process. */
const linksHere = (): ReadonlySet<string> =>
  new Set(
    readFileSync('/proc/self/net/dev', 'utf8')
      .split('\n')
      .slice(2)
      .map((line) => line.split(':')[0]?.trim() ?? ''),
  )
