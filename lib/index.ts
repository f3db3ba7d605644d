export { Controller, type VerbOptions } from './controller/controller.ts'
export { type Examination, examine, type Repair } from './controller/doctor/repair.ts'
export type { DryRun } from './controller/dry-run.ts'
export type { Seat } from './controller/endpoints/gateway.ts'
export { eventsOf, type Period } from './controller/execution/events.ts'
export type { Outcomes } from './controller/execution/turns.ts'
export type { ExplainRequest, Hop } from './controller/explain/explain.ts'
export { type OpenOptions, open } from './controller/open.ts'
export type { Difference } from './controller/overlay/audit.ts'
export type { DataPath } from './controller/overlay/underlay.ts'
export type { Verification } from './controller/overlay/verify.ts'
export { exportState, type StateExport, type StateOptions, verifyExport, verifyState } from './controller/state.ts'
export type { PeerSink } from './controller/swarm/feed.ts'
export type { NodeStatus } from './controller/swarm/nodes.ts'
export type {
  Capabilities,
  EndpointConfig,
  EndpointSteps,
  FoundLink,
  JoinSteps,
  Mtu,
  Neighbour,
  NetworkConfig,
  NetworkDriver,
  NetworkSteps,
  OtherNetwork,
  Publishing,
  Tunnel,
  Underlay,
  WireguardWay,
} from './drivers/driver.ts'
export type { IpamCapabilities, IpamDriver, PoolAnswer, PoolRequest, Reserved, Usage } from './ipam/driver.ts'
export type { PredefinedPool } from './ipam/predefined.ts'
export type { Family } from './model/address.ts'
export type { PeerNode, SubnetUsage } from './model/engine.ts'
export { CnmError, type ErrorCode } from './model/errors.ts'
export type { Action, NetworkEvent } from './model/event.ts'
export type { Finding, FindingCode } from './model/findings.ts'
export { LINK_GROUP } from './model/ids.ts'
export type { Key, KeyRing, WireguardKeys } from './model/keys.ts'
export type {
  Answered,
  Endpoint,
  Network,
  Options,
  Pool,
  PortBinding,
  Protocol,
  Route,
  Sandbox,
  SandboxKind,
  Scope,
} from './model/network.ts'
export type { Op, Plan } from './model/op.ts'
export type { Peer } from './model/peer.ts'
export type {
  AddPeer,
  Attachment,
  CreateNetwork,
  CreateSandbox,
  EnterSwarm,
  InitSwarm,
  IpamConfig,
  JoinSwarm,
  PublishPort,
} from './model/request.ts'
export type { EngineTls, Membership, Service, SwarmEndpoint, SwarmNode } from './model/swarm.ts'
export type { GatewayMode, Masquerade, Opening, Wall } from './model/wall.ts'
export type { Places } from './plugins/discovery.ts'
export type { Node } from './plugins/network.ts'
export type { PluginsOptions } from './plugins/plugins.ts'
