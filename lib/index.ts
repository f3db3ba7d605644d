export { Controller, type DryRun, type VerbOptions } from './controller/controller.ts'
export { eventsOf, type Period } from './controller/events.ts'
export type { ExplainRequest, Hop } from './controller/explain.ts'
export { type OpenOptions, open } from './controller/open.ts'
export type {
  Capabilities,
  EndpointConfig,
  EndpointSteps,
  JoinSteps,
  NetworkConfig,
  NetworkDriver,
  NetworkSteps,
  Route,
} from './drivers/driver.ts'
export type { IpamCapabilities, IpamDriver, PoolAnswer, PoolRequest } from './ipam/driver.ts'
export { CnmError, type ErrorCode } from './model/errors.ts'
export type { Action, NetworkEvent } from './model/event.ts'
export type { Endpoint, Network, Options, Pool, PortBinding, Protocol, Sandbox, SandboxKind, Scope } from './model/network.ts'
export type { Op, Plan } from './model/op.ts'
export type { Attachment, CreateNetwork, CreateSandbox, IpamConfig } from './model/request.ts'
export type { Opening, Wall } from './model/wall.ts'
