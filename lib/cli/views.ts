import { networkToEngine } from '../model/engine.ts'
import { shortId } from '../model/ids.ts'
import type { Network, Options } from '../model/network.ts'
import type { Finding } from './format/inspection.ts'
import type { Listing } from './format/rows.ts'
import { Row, Struct, Time, TypedMap } from './format/value.ts'

/** How `network ls` shows networks; names as in Docker's templates. */
export const NETWORKS: Listing = {
  headers: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
  columns: ['ID', 'Name', 'Driver', 'Scope'],
  raw: 'network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n',
  quietRaw: 'network_id: {{.ID}}',
}

const labelsText = (labels: Options): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',')

/** A line of a list: its fields, and the label of a name. */
export function rowOf(type: string, fields: Readonly<Record<string, string>>, labels: Options): Row {
  return new Row(type, { ...fields, Labels: labelsText(labels), Label: (key: string) => (Object.hasOwn(labels, key) ? labels[key] : '') })
}

export const networkRow = (network: Network, trunc: boolean): Row =>
  rowOf(
    '*network.networkContext',
    {
      ID: trunc ? shortId(network.id) : network.id,
      Name: network.name,
      Driver: network.driver,
      Scope: network.scope,
      IPv4: String(network.enableIPv4),
      IPv6: String(network.enableIPv6),
      Internal: String(network.internal),
      CreatedAt: String(new Time(network.created)),
    },
    network.labels,
  )

type EngineNetwork = ReturnType<typeof networkToEngine>

const texts = (map: Options): TypedMap => new TypedMap(map, '')

/** Docker's network.Inspect: its fields have names of their own where the JSON's differ. */
export function networkFinding(...facts: Parameters<typeof networkToEngine>): Finding {
  const json = networkToEngine(...facts)
  const created = new Time(json.Created)
  const fields = {
    Name: json.Name,
    ID: json.Id,
    Created: created,
    Scope: json.Scope,
    Driver: json.Driver,
    EnableIPv4: json.EnableIPv4,
    EnableIPv6: json.EnableIPv6,
    IPAM: ipamStruct(json.IPAM),
    Internal: json.Internal,
    Attachable: json.Attachable,
    Ingress: json.Ingress,
    ConfigFrom: new Struct('network.ConfigReference', json.ConfigFrom),
    ConfigOnly: json.ConfigOnly,
    Containers: new TypedMap(structsOf('network.EndpointResource', json.Containers), undefined),
    Options: texts(json.Options),
    Labels: texts(json.Labels),
    Peers: json.Peers ? json.Peers.map((peer) => new Struct('network.PeerInfo', peer)) : new NilSlice(),
    Services: new TypedMap(serviceStructs(json.Services), undefined),
  }
  return { json, typed: new Struct('network.Inspect', fields, { ...json, Created: created }) }
}

/** It prints as a list without items, and encodes as none at all. */
class NilSlice extends Array<never> {
  toJSON(): null {
    return null
  }
}

const structsOf = (type: string, map: Readonly<Record<string, object>>) =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, new Struct(type, value as Record<string, unknown>)]))

const serviceStructs = (services: EngineNetwork['Services'] = {}) =>
  structsOf(
    'network.ServiceInfo',
    Object.fromEntries(
      Object.entries(services).map(([name, { Tasks, ...service }]) => [
        name,
        { ...service, Tasks: Tasks.map((task) => new Struct('network.Task', { ...task, Info: texts(task.Info) })) },
      ]),
    ),
  )

const ipamStruct = (ipam: EngineNetwork['IPAM']): Struct =>
  new Struct('network.IPAM', { Driver: ipam.Driver, Options: texts(ipam.Options ?? {}), Config: ipam.Config.map(configStruct) }, ipam)

const configStruct = (config: EngineNetwork['IPAM']['Config'][number]): Struct =>
  new Struct(
    'network.IPAMConfig',
    {
      Subnet: config.Subnet,
      IPRange: config.IPRange ?? '',
      Gateway: config.Gateway ?? '',
      AuxAddress: texts(config.AuxiliaryAddresses ?? {}),
    },
    config,
  )
