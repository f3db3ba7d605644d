import { given } from '../../model/given.ts'
import { PLUGINS } from '../../server/places.ts'
import { type ArrivalFlags, arrivalOf, type FoundingFlags, founding, foundingOf } from '../swarm.ts'
import type { Verb } from '../verb.ts'
import { version } from '../version.ts'
import type { Visit } from '../visit.ts'

interface Flags extends ArrivalFlags, FoundingFlags {
  /** false: none. */
  readonly plugins: boolean
  readonly pluginDir: string
  readonly group?: string
  readonly swarm?: string
  readonly managed?: boolean
}

export const serve = (program: Verb): Verb =>
  founding(
    program
      .command('serve')
      .description(
        'Serve the Docker Engine API and `cnm` itself at cnm.sock in the run directory or at each --host, and network drivers and IPAM as Docker plugins, until SIGTERM or SIGINT',
      )
      .option('--group <group>', 'Who may use the unix sockets of the API besides their owner: name or number')
      .option('--plugin-dir <dir>', 'Where Docker engines of this host look for plugins', PLUGINS)
      .option('--no-plugins', 'Serve no Docker engine')
      .option(
        '--swarm <engine>',
        'Be a node of the swarm that is kept there, and its first one where there is none: etcd://HOST[:PORT],…[/PREFIX]',
      )
      .option('--managed', 'Be a managed plugin of Docker, in whose own swarm networks over several hosts are'),
  )
    .examples(
      'cnm serve',
      'docker -H unix:///run/cnm/cnm.sock network ls',
      'docker network create -d cnm --ipam-driver cnm front',
      'cnm serve -H unix:///run/cnm/cnm.sock -H tcp://192.0.2.1:2376 --tls /etc/cnm/tls',
    )
    .perform(async (visit, { plugins, pluginDir, group, swarm, managed, ...flags }: Flags) => {
      visit.refuseDryRun('serve')
      // Who has started it may log out: Node.js forgets what nohup(1) has said.
      visit.interrupts.spare('SIGHUP')
      return visit.own(async (cnm) => {
        const { serve: open } = await import('../../server/daemon.ts')
        // Not before: it does what all verbs do, and this is one of them.
        const { errandsFor } = await import('../errand.ts')
        const { hosts, tls } = visit
        const entering = swarm === undefined ? undefined : { ...arrivalOf(flags), ...foundingOf(flags), engine: swarm }
        const options = given({ group, tls, managed, hosts: hosts.length > 0 ? hosts : undefined, swarm: entering })
        await using daemon = await open(cnm, {
          release: version(),
          ...options,
          errands: errandsFor(cnm),
          plugins: plugins ? pluginDir : null,
        })
        for (const socket of daemon.sockets) visit.print(socket)
        const { feedWatchdog, tellSupervisor } = await import('../../controller/supervisor.ts')
        using _ = feedWatchdog(visit.world.env)
        tellSupervisor('READY=1', visit.world.env)
        await ended(visit)
        tellSupervisor('STOPPING=1', visit.world.env)
      })
    })

const ended = ({ interrupts: { signal } }: Visit): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
