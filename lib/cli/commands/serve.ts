import { PLUGINS } from '../../server/places.ts'
import type { Verb } from '../verb.ts'
import type { Visit } from '../visit.ts'

interface Flags {
  readonly pluginDir: string
}

export const serve = (program: Verb): Verb =>
  program
    .command('serve')
    .description('Serve network drivers and IPAM to Docker engines of this host, as plugins, until SIGTERM or SIGINT')
    .option('--plugin-dir <dir>', 'Where engines look for plugins', PLUGINS)
    .examples('cnm serve', 'docker network create -d cnm --ipam-driver cnm front')
    .perform((visit, { pluginDir }: Flags) =>
      visit.open(
        async (cnm) => {
          const { serve: open } = await import('../../server/daemon.ts')
          await using daemon = await open(cnm, { plugins: pluginDir })
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
