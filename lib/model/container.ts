import { type EngineSeat, sandboxToEngine } from './engine.ts'
import type { PortBinding, Sandbox } from './network.ts'
import type { Opening } from './wall.ts'

/** A sandbox with what is around it. */
export interface Occupied {
  readonly sandbox: Sandbox
  readonly seats: readonly EngineSeat[]
  /** Where its published ports are reached now. */
  readonly openings: readonly Opening[]
}

/** A sandbox in the place of a container, as `docker ps` has it. It has no image and no process of its own. `now` in ms since 1970. */
export function sandboxToSummary({ sandbox, seats, openings }: Occupied, now: number) {
  const { NetworkSettings } = sandboxToEngine(sandbox, seats, openings)
  const created = Date.parse(sandbox.created)
  return {
    Id: sandbox.id,
    Names: [`/${sandbox.name}`],
    Image: '',
    ImageID: '',
    Command: '',
    Created: Math.floor(created / 1000),
    Ports: portsOf(sandbox, openings),
    Labels: sandbox.labels,
    State: 'running',
    Status: `Up ${spanText(now - created)}`,
    HostConfig: { NetworkMode: networkModeOf(sandbox, seats) },
    NetworkSettings: { Networks: NetworkSettings.Networks },
    Mounts: [],
  }
}

const portsOf = ({ ports }: Sandbox, openings: readonly Opening[]) => [
  ...openings.map(({ hostIP, hostPort, port, protocol }) => ({
    ...(hostPort === 0 ? {} : { IP: hostIP }),
    PrivatePort: port,
    ...(hostPort === 0 ? {} : { PublicPort: hostPort }),
    Type: protocol,
  })),
  ...ports.filter((port) => !openings.some(isOf(port))).map(({ port, protocol }) => ({ PrivatePort: port, Type: protocol })),
]

const isOf =
  ({ port, protocol }: PortBinding) =>
  (opening: Opening): boolean =>
    opening.port === port && opening.protocol === protocol

function networkModeOf({ kind }: Sandbox, [first]: readonly EngineSeat[]): string {
  if (kind === 'host') return 'host'
  return first?.network.name ?? 'none'
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** As Docker says how long something is so: '5 minutes', 'About an hour', '3 weeks'. */
export function spanText(ms: number): string {
  const whole = (unit: number) => Math.floor(ms / unit)
  if (ms < SECOND) return 'Less than a second'
  if (ms < 2 * SECOND) return '1 second'
  if (ms < MINUTE) return `${whole(SECOND)} seconds`
  if (ms < 2 * MINUTE) return 'About a minute'
  if (ms < HOUR) return `${whole(MINUTE)} minutes`
  const hours = Math.round(ms / HOUR)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(ms / DAY / 365)} years`
}

/** What an old client wants to know of the network `bridge` alone; new ones look it up among all. */
export interface ContainerShape {
  readonly legacy: boolean
}

/** A sandbox in the place of a container, as `docker inspect` has it. */
export function sandboxToContainer({ sandbox, seats, openings }: Occupied, { legacy }: ContainerShape) {
  const { NetworkSettings, ...facts } = sandboxToEngine(sandbox, seats, openings)
  return {
    Id: facts.Id,
    Created: facts.Created,
    Path: '',
    Args: [],
    State: {
      Status: 'running',
      Running: true,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: sandbox.owner?.pid ?? 0,
      ExitCode: 0,
      Error: '',
      StartedAt: facts.Created,
      FinishedAt: '0001-01-01T00:00:00Z',
    },
    Image: '',
    Name: `/${facts.Name}`,
    RestartCount: 0,
    Driver: '',
    Platform: 'linux',
    HostConfig: {
      NetworkMode: networkModeOf(sandbox, seats),
      PortBindings: bindingsOf(sandbox),
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      AutoRemove: sandbox.owner !== undefined,
    },
    Mounts: [],
    Config: {
      Hostname: '',
      Image: '',
      ExposedPorts: Object.fromEntries(Object.keys(NetworkSettings.Ports).map((port) => [port, {}])),
      Labels: facts.Labels,
    },
    NetworkSettings: { ...NetworkSettings, ...(legacy ? legacySettings(NetworkSettings.Networks['bridge']) : {}) },
  }
}

function bindingsOf({ ports }: Sandbox) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { port, protocol, hostIP, hostPort } of ports) {
    const key = `${port}/${protocol}`
    bindings[key] = [...(bindings[key] ?? []), { HostIp: hostIP, HostPort: String(hostPort) }]
  }
  return bindings
}

type EngineEndpoint = ReturnType<typeof sandboxToEngine>['NetworkSettings']['Networks'][string]

const legacySettings = (bridge: EngineEndpoint | undefined) => ({
  Bridge: '',
  HairpinMode: false,
  LinkLocalIPv6Address: '',
  LinkLocalIPv6PrefixLen: 0,
  SecondaryIPAddresses: null,
  SecondaryIPv6Addresses: null,
  EndpointID: bridge?.EndpointID ?? '',
  Gateway: bridge?.Gateway ?? '',
  GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
  GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
  IPAddress: bridge?.IPAddress ?? '',
  IPPrefixLen: bridge?.IPPrefixLen ?? 0,
  IPv6Gateway: bridge?.IPv6Gateway ?? '',
  MacAddress: bridge?.MacAddress ?? '',
})
