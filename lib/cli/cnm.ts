import { CommanderError } from 'commander'
import { candidates, completion } from './commands/completion.ts'
import { doctor } from './commands/doctor.ts'
import { events } from './commands/events.ts'
import { explain } from './commands/explain.ts'
import { firewall } from './commands/firewall.ts'
import { apply, diff, plan } from './commands/lab.ts'
import { network } from './commands/network.ts'
import { node } from './commands/node.ts'
import { plugin } from './commands/plugin.ts'
import { repair } from './commands/repair.ts'
import { run } from './commands/run.ts'
import { sandbox } from './commands/sandbox.ts'
import { serve } from './commands/serve.ts'
import { state } from './commands/state.ts'
import { swarm } from './commands/swarm.ts'
import { Verb } from './verb.ts'
import { version } from './version.ts'
import type { World } from './world.ts'

const EXIT_CODES = `
Exit codes:
  0       done
  1       the verb failed
  2       the command line is not valid
  3       doctor, repair, state verify: something is not as it should be
  125     run, exec: cnm itself failed, not the command
  126     run, exec: the command cannot be executed
  127     run, exec: the command was not found
  128+N   ended by signal N; otherwise run and exec end as the command did

Environment:
  CNM_ROOT, CNM_RUN   as --root, --run
  CNM_HOST            as --host
  CNM_CERT_PATH       as --tls
  CNM_DEBUG=1         errors with their stack
  NO_COLOR            no colours`

/** The command line as a function: does what `argv` (without the program's name) says, and resolves with the exit code. */
export async function cnm(argv: readonly string[], world: World): Promise<number> {
  const program = new Verb('cnm', world)
    .description("Docker's Container Networking Model: networks, sandboxes, and the endpoints between them")
    .version(version(), '-V, --version', 'Print the version')
    .examples(
      'cnm network create --subnet 10.10.0.0/24 front',
      'cnm sandbox create --name web --network front -p 8080:80',
      'cnm sandbox exec web ip addr',
      'cnm run --network front -- ping -c 1 10.10.0.2',
    )
    .addHelpText('after', EXIT_CODES)
    .gather(
      network,
      sandbox,
      swarm,
      node,
      run,
      plan,
      diff,
      apply,
      explain,
      events,
      firewall,
      doctor,
      repair,
      state,
      serve,
      plugin,
      completion,
      candidates,
    )
    .fill()
  try {
    await program.parseAsync(argv, { from: 'user' })
    return 0
  } catch (end) {
    if (end instanceof CommanderError) return end.exitCode
    throw end
  }
}
