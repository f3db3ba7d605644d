import { join } from 'node:path'
import type { Controller } from '../controller/controller.ts'
import { EngineNames } from './engine-names.ts'
import { ENGINE, PLUGINS } from './places.ts'
import { type PluginOptions, pluginServer } from './plugin/plugin.ts'
import { hangUp, listen } from './socket.ts'

export interface ServeOptions {
  /** Where the plugins' sockets are: NAME.sock. Default: /run/docker/plugins. */
  readonly plugins?: string
  /** The API of the engine that uses them, from which names are learned. Default: /run/docker.sock. */
  readonly engine?: string
}

/** What is served, until it is closed. */
export interface Daemon extends AsyncDisposable {
  /** The sockets. */
  readonly sockets: readonly string[]
  /** Answers what was asked, and hears nothing more. What was made stays, and goes on without us. */
  close(): Promise<void>
}

/** The name by which an engine asks for it, and what is behind it. */
const SERVED: Readonly<Record<string, PluginOptions>> = {
  cnm: { network: 'bridge', ipam: 'default' },
  'cnm-bridge': { network: 'bridge' },
  'cnm-macvlan': { network: 'macvlan' },
  'cnm-ipvlan': { network: 'ipvlan' },
}

/** Serves a controller to engines as Docker plugins. */
export async function serve(cnm: Controller, { plugins = PLUGINS, engine = ENGINE }: ServeOptions = {}): Promise<Daemon> {
  const open: { readonly path: string; readonly close: () => Promise<void> }[] = []
  const names = new EngineNames(cnm, engine)
  const close = async () => {
    await names[Symbol.asyncDispose]()
    for (const server of open.splice(0).reverse()) await server.close()
  }
  try {
    for (const [name, served] of Object.entries(SERVED)) {
      const path = join(plugins, `${name}.sock`)
      const app = pluginServer(cnm, served)
      await app.ready()
      await listen(app.server, path)
      open.push({ path, close: () => hangUp(app.server) })
    }
  } catch (error) {
    await close()
    throw error
  }
  return { sockets: open.map(({ path }) => path), close, [Symbol.asyncDispose]: close }
}
