import { arch, availableParallelism, hostname, release as kernel, totalmem } from 'node:os'
import { type Answer, type Call, type Route, route } from './route.ts'
import { NEWEST, OLDEST } from './versions.ts'

/** On every answer: who it is from, and up to which version of the API. `release`: of cnm. */
export const headersOf = (release: string): Readonly<Record<string, string>> => ({
  Server: `cnm/${release} (linux)`,
  'Api-Version': NEWEST,
  'Docker-Experimental': 'false',
  Ostype: 'linux',
})

const UNCACHED = { 'Cache-Control': 'no-cache, no-store, must-revalidate', Pragma: 'no-cache', Swarm: 'inactive' }
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' }

export const systemRoutes: readonly Route[] = [
  route('HEAD /_ping', () => ({ headers: { ...UNCACHED, ...TEXT, 'Content-Length': '0' } })),
  route('GET /_ping', () => ({ headers: { ...UNCACHED, ...TEXT }, text: 'OK' })),
  route('OPTIONS /.*', () => ({})),
  route('GET /version', ({ release }) => ({ json: versionFacts(release) })),
  route('GET /info', info),
]

/** As Go calls it. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
const architecture = (): string => ARCHITECTURES[arch()] ?? arch()

function versionFacts(release: string) {
  const facts = { Os: 'linux', Arch: architecture(), KernelVersion: kernel(), GitCommit: '', GoVersion: '', BuildTime: '' }
  const versions = { ApiVersion: NEWEST, MinAPIVersion: OLDEST }
  return {
    Platform: { Name: 'cnm' },
    Components: [{ Name: 'Engine', Version: release, Details: { ...versions, ...facts, Experimental: 'false' } }],
    Version: release,
    ...versions,
    ...facts,
  }
}

/** What is not about networks is as of an engine that has none of it. */
function info({ cnm, release }: Call): Answer {
  const running = cnm.sandboxes().length
  return {
    json: {
      ID: hostname(),
      Containers: running,
      ContainersRunning: running,
      ContainersPaused: 0,
      ContainersStopped: 0,
      Images: 0,
      Driver: '',
      DriverStatus: [],
      Plugins: { Volume: [], Network: cnm.drivers(), Authorization: null, Log: [] },
      MemoryLimit: false,
      SwapLimit: false,
      Debug: false,
      NFd: 0,
      NGoroutines: 0,
      SystemTime: new Date().toISOString(),
      LoggingDriver: '',
      CgroupDriver: '',
      NEventsListener: 0,
      KernelVersion: kernel(),
      OperatingSystem: 'Linux',
      OSVersion: '',
      OSType: 'linux',
      Architecture: arch() === 'x64' ? 'x86_64' : arch(),
      IndexServerAddress: '',
      RegistryConfig: null,
      NCPU: availableParallelism(),
      MemTotal: totalmem(),
      GenericResources: null,
      DockerRootDir: cnm.run,
      HttpProxy: '',
      HttpsProxy: '',
      NoProxy: '',
      Name: hostname(),
      Labels: [],
      ExperimentalBuild: false,
      ServerVersion: release,
      Runtimes: {},
      DefaultRuntime: '',
      Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
      LiveRestoreEnabled: true,
      Isolation: '',
      InitBinary: '',
      SecurityOptions: [],
      FirewallBackend: { Driver: 'nftables' },
      Warnings: null,
    },
  }
}
