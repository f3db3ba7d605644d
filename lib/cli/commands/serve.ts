import { given } from '../../model/given.ts'
import { PLUGINS } from '../../server/places.ts'
import { collect } from '../flags.ts'
import type { Verb } from '../verb.ts'
import { version } from '../version.ts'
import type { Visit } from '../visit.ts'

interface Flags {
  /** false: none. */
  readonly plugins: boolean
  readonly pluginDir: string
  readonly host?: readonly string[]
  readonly tls?: string
  readonly group?: string
}

export const serve = (program: Verb): Verb =>
  program
    .command('serve')
    .description('Serve the Docker Engine API, and network drivers and IPAM as Docker plugins, until SIGTERM or SIGINT')
    .option(
      '-H, --host <address>',
      'Where the API is: unix:///PATH or tcp://ADDRESS:PORT (may be repeated; default: cnm.sock in the run directory)',
      collect,
    )
    .option('--tls <dir>', 'By TCP speak TLS with ca.pem, cert.pem and key.pem of this folder; clients have certificates of the same CA')
    .option('--group <group>', 'Who may use the socket of the API besides its owner: name or number')
    .option('--plugin-dir <dir>', 'Where Docker engines of this host look for plugins', PLUGINS)
    .option('--no-plugins', 'Serve no Docker engine')
    .examples(
      'cnm serve',
      'docker -H unix:///run/cnm/cnm.sock network ls',
      'docker network create -d cnm --ipam-driver cnm front',
      'cnm serve -H unix:///run/cnm/cnm.sock -H tcp://192.0.2.1:2376 --tls /etc/cnm/tls',
    )
    .perform((visit, { plugins, pluginDir, host: hosts, ...flags }: Flags) =>
      visit.open(
        async (cnm) => {
          const { serve: open } = await import('../../server/daemon.ts')
          await using daemon = await open(cnm, { release: version(), ...flags, ...given({ hosts }), plugins: plugins ? pluginDir : null })
          for (const socket of daemon.sockets) visit.print(socket)
          const { tellSupervisor } = await import('../../controller/supervisor.ts')
          tellSupervisor('READY=1', visit.world.env)
          await ended(visit)
          tellSupervisor('STOPPING=1', visit.world.env)
        },
        visit.interrupts.signal,
        { guard: true },
      ),
    )

const ended = ({ interrupts: { signal } }: Visit): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
