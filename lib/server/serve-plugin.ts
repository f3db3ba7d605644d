import { basename } from 'node:path'
import { type OpenOptions, open } from '../controller/open.ts'
import { dismiss } from './guests.ts'
import { pluginServer } from './plugin/plugin.ts'
import type { Daemon } from './served.ts'
import { listen } from './socket.ts'

type Drivers = NonNullable<OpenOptions['drivers']>
type IpamDrivers = NonNullable<OpenOptions['ipamDrivers']>

export interface ServePluginOptions extends Omit<OpenOptions, 'drivers' | 'ipamDrivers'> {
  /** The network driver; absent: none is served. */
  readonly network?: Drivers[number]
  /** The IPAM driver; absent: none is served. */
  readonly ipam?: IpamDrivers[number]
  /** Where engines find it: '/run/docker/plugins/NAME.sock', and NAME is what they call it. */
  readonly socket: string
  /** Milliseconds a method may take. Default: 10,000. */
  readonly patience?: number
}

/**
 * Serves drivers as a plugin of a stock Docker engine; the same objects go into open({ drivers, ipamDrivers }). The plans of the
 * network driver are carried out, journalled, undone and recorded here. A plugin has state of its own: `root` and `run` are by
 * default CNM_ROOT and CNM_RUN, else /var/lib/NAME and /run/NAME, after the socket. Throws SOCKET_IN_USE, SOCKET_FOREIGN, and what open() throws.
 */
export async function servePlugin({ network, ipam, socket, patience, ...options }: ServePluginOptions): Promise<Daemon> {
  const name = basename(socket, '.sock')
  const cnm = await open({
    guard: true,
    root: process.env['CNM_ROOT'] || `/var/lib/${name}`,
    run: process.env['CNM_RUN'] || `/run/${name}`,
    ...options,
    ...(network ? { drivers: [network] } : {}),
    ...(ipam ? { ipamDrivers: [ipam] } : {}),
  })
  const app = pluginServer(cnm, {
    ...(network ? { network: network.name } : {}),
    ...(ipam ? { ipam: ipam.name } : {}),
    ...(patience === undefined ? {} : { patience }),
  })
  const close = async () => {
    await dismiss(app.server)
    await cnm.close()
  }
  try {
    await app.ready()
    await listen(app.server, socket)
  } catch (error) {
    await cnm.close()
    throw error
  }
  return { sockets: [socket], close, [Symbol.asyncDispose]: close }
}
