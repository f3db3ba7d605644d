import { Value } from '@sinclair/typebox/value'
import type { Controller } from '../../controller/controller.ts'
import type { EngineDriver, EngineJoin } from '../../controller/engine/driver.ts'
import { isTheLink } from '../../model/network.ts'
import { DONE, type Methods, method } from './method.ts'
import type { PluginOptions } from './plugin.ts'
import { allocationOf, endpointOf, networkOf, publishedOf } from './translate.ts'
import * as wire from './wire.ts'

/** The interface NetworkDriver over one of our drivers. */
export function networkMethods(
  cnm: Controller,
  driver: string,
  { alone, discovered }: Pick<PluginOptions, 'alone' | 'discovered'> = {},
): Methods {
  const ask = <T>(verb: (plugin: EngineDriver) => T | Promise<T>, signal?: AbortSignal) =>
    cnm.asNetworkPlugin(driver, verb, { alone, ...(signal ? { signal } : {}) })
  const tell = async (verb: (plugin: EngineDriver) => Promise<unknown>, signal?: AbortSignal) => {
    await ask(verb, signal)
    return DONE
  }
  return {
    'NetworkDriver.GetCapabilities': {
      answer: (_, signal) =>
        ask(
          ({ capabilities: { scope, connectivityScope } }) => ({
            Scope: scope,
            ConnectivityScope: connectivityScope,
            GwAllocChecker: true,
          }),
          signal,
        ),
    },
    'NetworkDriver.GwAllocCheck': method(wire.GwAllocCheck, ({ Options }, signal) =>
      ask(async (plugin) => {
        const { v4, v6 } = await plugin.skipGateway(networkOf(Options))
        return { SkipIPv4: v4, SkipIPv6: v6 }
      }, signal),
    ),
    'NetworkDriver.AllocateNetwork': method(wire.AllocateNetwork, ({ NetworkID: id, Options, IPv4Data, IPv6Data }, signal) =>
      ask(
        async (plugin) => ({ Options: await plugin.allocateNetwork({ id, ...allocationOf(Options, IPv4Data, IPv6Data) }, signal) }),
        signal,
      ),
    ),
    'NetworkDriver.FreeNetwork': method(wire.DeleteNetwork, ({ NetworkID }) => tell((plugin) => plugin.freeNetwork(NetworkID))),
    'NetworkDriver.CreateNetwork': method(wire.CreateNetwork, ({ NetworkID: id, Options, IPv4Data, IPv6Data }, signal) =>
      tell((plugin) => plugin.createNetwork({ id, ...networkOf(Options, IPv4Data, IPv6Data) }, signal), signal),
    ),
    'NetworkDriver.DeleteNetwork': method(wire.DeleteNetwork, ({ NetworkID }) => tell((plugin) => plugin.deleteNetwork(NetworkID))),
    'NetworkDriver.CreateEndpoint': method(wire.CreateEndpoint, ({ NetworkID, EndpointID, Interface, Options }, signal) =>
      ask(async (plugin) => {
        const { mac, address, address6 } = await plugin.createEndpoint(NetworkID, endpointOf(EndpointID, Options, Interface), signal)
        const face = {
          ...(mac ? { MacAddress: mac } : {}),
          ...(address ? { Address: address } : {}),
          ...(address6 ? { AddressIPv6: address6 } : {}),
        }
        return Object.keys(face).length > 0 ? { Interface: face } : DONE
      }, signal),
    ),
    'NetworkDriver.EndpointOperInfo': method(wire.OfEndpoint, ({ NetworkID, EndpointID }, signal) =>
      ask((plugin) => ({ Value: operInfo(plugin, NetworkID, EndpointID) }), signal),
    ),
    'NetworkDriver.DeleteEndpoint': method(wire.OfEndpoint, ({ NetworkID, EndpointID }) =>
      tell((plugin) => plugin.deleteEndpoint(NetworkID, EndpointID)),
    ),
    'NetworkDriver.Join': method(wire.Join, ({ NetworkID, EndpointID, SandboxKey }, signal) =>
      ask(async (plugin) => joinOf(await plugin.join(NetworkID, EndpointID, SandboxKey, signal), plugin.isWhole), signal),
    ),
    'NetworkDriver.Leave': method(wire.OfEndpoint, ({ NetworkID, EndpointID }) => tell((plugin) => plugin.leave(NetworkID, EndpointID))),
    'NetworkDriver.ProgramExternalConnectivity': method(wire.ProgramExternalConnectivity, ({ NetworkID, EndpointID, Options }, signal) =>
      tell((plugin) => plugin.programExternalConnectivity(NetworkID, EndpointID, publishedOf(Options), signal), signal),
    ),
    'NetworkDriver.RevokeExternalConnectivity': method(wire.OfEndpoint, ({ NetworkID, EndpointID }) =>
      tell((plugin) => plugin.revokeExternalConnectivity(NetworkID, EndpointID)),
    ),
    // Who the other nodes are, our own swarm knows.
    'NetworkDriver.DiscoverNew': method(wire.Discover, async ({ DiscoveryData: node }) => {
      if (Value.Check(wire.Node, node) && node.Self) await discovered?.(node.Address)
      return DONE
    }),
    'NetworkDriver.DiscoverDelete': method(wire.Discover, () => DONE),
  }
}

const operInfo = (plugin: EngineDriver, network: string, endpoint: string): object => {
  const ports = plugin.operInfo(network, endpoint)
  const bindings = ports.map(({ protocol, hostIP, hostPort, port }) => ({
    Proto: protocol,
    Port: port,
    HostIP: hostIP,
    HostPort: hostPort,
  }))
  return ports.length > 0 ? { 'com.docker.network.portmap': bindings } : DONE
}

const CONNECTED = 1
const NEXT_HOP = 0

/** `whole`: the way out is the driver's business; where it gives none, there is to be none by docker_gwbridge either. */
function joinOf({ link, gateway, gateway6, routes }: EngineJoin, whole: boolean): object {
  const ways = [gateway, gateway6].filter(isTheLink).map((way) => ({ to: `${way}/0`, via: undefined }))
  return {
    ...(link ? { InterfaceName: { SrcName: link.name, DstPrefix: link.prefix } } : {}),
    ...(gateway && !isTheLink(gateway) ? { Gateway: gateway } : {}),
    ...(gateway6 && !isTheLink(gateway6) ? { GatewayIPv6: gateway6 } : {}),
    StaticRoutes: [...routes, ...ways].map(({ to, via }) => ({
      Destination: to,
      RouteType: via ? NEXT_HOP : CONNECTED,
      NextHop: via ?? '',
    })),
    DisableGatewayService: whole,
  }
}
