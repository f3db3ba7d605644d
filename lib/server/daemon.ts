import { setMaxListeners } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Controller } from '../controller/controller.ts'
import { fault } from '../model/errors.ts'
import { given } from '../model/given.ts'
import type { EnterSwarm } from '../model/request.ts'
import { Arrival } from './arrival.ts'
import { engineServer } from './engine/engine.ts'
import { EngineNames } from './engine-names.ts'
import { dismiss } from './guests.ts'
import { isLoopback, parseHost } from './host.ts'
import { unserved } from './passed.ts'
import { ENGINE, PLUGINS, SOCKET } from './places.ts'
import { type PluginOptions, pluginServer } from './plugin/plugin.ts'
import type { Daemon } from './served.ts'
import { listen, listenAt, usable } from './socket.ts'
import { certificatesIn } from './tls.ts'
import type { Errands } from './verbs/errands.ts'

export interface ServeOptions {
  /** Of cnm, as clients are told. */
  readonly release: string
  /** Where the Engine API is: 'unix:///run/cnm/cnm.sock', 'tcp://127.0.0.1:2376'. Default: cnm.sock in the run directory. */
  readonly hosts?: readonly string[]
  /** The folder of ca.pem, cert.pem and key.pem: what is served by TCP is then for clients that the same CA vouches for. */
  readonly tls?: string
  /** Name or number of a group that may use the sockets of the API; absent: their owner alone. */
  readonly group?: string
  /** Where the plugins' sockets are: NAME.sock. Default: /run/docker/plugins; null: none. */
  readonly plugins?: string | null
  /** The swarm that this host is to be a node of; absent: it is what its records say. */
  readonly swarm?: EnterSwarm
  /**
   * As a managed plugin: there networks over several hosts are those of the engine's swarm. Otherwise each engine is for itself, and
   * has its own name for what the hosts share.
   */
  readonly managed?: boolean
  /** The API of the engine that uses the plugins, from which names are learned. Default: /run/docker.sock. */
  readonly engine?: string
  /** Who does whole command lines that come by unix sockets; absent: they are declined. */
  readonly errands?: Errands
}

/** The name by which an engine asks for it, and what is behind it. */
const SERVED: Readonly<Record<string, PluginOptions>> = {
  cnm: { network: 'bridge', ipam: 'default' },
  'cnm-bridge': { network: 'bridge' },
  'cnm-macvlan': { network: 'macvlan' },
  'cnm-ipvlan': { network: 'ipvlan' },
  'cnm-overlay': { network: 'overlay' },
}

/** UDP, where the engine has tunnels of its own at the usual port: they are told apart by their VNI alone. */
const MANAGED_PORT = 14_789

/** Serves a controller by the Docker Engine API, and to engines as Docker plugins. */
export async function serve(cnm: Controller, options: ServeOptions): Promise<Daemon> {
  const { plugins = PLUGINS, managed = false, hosts = [`unix://${join(cnm.run, SOCKET)}`], engine = ENGINE } = options
  const open: { readonly socket: string; readonly app: FastifyInstance }[] = []
  const ending = new AbortController()
  // As many as there are who listen to events.
  setMaxListeners(0, ending.signal)
  const arrival = options.swarm && new Arrival(cnm, { ...(managed ? { dataPathPort: MANAGED_PORT } : {}), ...options.swarm })
  const discovered = arrival ? { discovered: (address: string) => arrival.hear(address) } : {}
  const names = plugins === null ? undefined : new EngineNames(cnm, engine)
  const close = async () => {
    ending.abort()
    await names?.[Symbol.asyncDispose]()
    await arrival?.[Symbol.asyncDispose]()
    await Promise.all(open.splice(0).map(({ app }) => dismiss(app.server)))
  }
  try {
    for (const host of hosts) open.push(await serveApi(cnm, host, ending.signal, options))
    for (const [name, served] of Object.entries(plugins === null ? {} : SERVED)) {
      const socket = join(plugins ?? '', `${name}.sock`)
      const app = pluginServer(cnm, { ...served, ...discovered, alone: !managed })
      await app.ready()
      await listen(app.server, socket)
      open.push({ socket, app })
    }
    for (const path of unserved(open.map(({ socket }) => socket)))
      process.emitWarning(`nobody serves ${path}, which was passed on: whoever asks there waits`, { code: 'CNM_SOCKET_UNSERVED' })
    await arrival?.begin()
  } catch (error) {
    await close()
    throw error
  }
  return { sockets: open.map(({ socket }) => socket), close, [Symbol.asyncDispose]: close }
}

async function serveApi(cnm: Controller, text: string, ending: AbortSignal, { release, tls, group, errands }: ServeOptions) {
  const host = parseHost(text)
  const byTcp = 'port' in host
  if (byTcp && tls === undefined && !isLoopback(host.address)) throw fault('HOST_OPEN', { host: text })
  const way = byTcp ? given({ tls: tls === undefined ? undefined : certificatesIn(tls) }) : given({ socket: host.path, errands })
  const app = engineServer(cnm, { ending, release, ...way })
  await app.ready()
  if (!byTcp) {
    await listen(app.server, host.path, group)
    return { socket: host.path, app }
  }
  await usable(text, () => listenAt(app.server, { host: host.address, port: host.port }))
  const { port } = app.server.address() as AddressInfo
  return { socket: text.replace(/\d+$/, String(port)), app }
}
