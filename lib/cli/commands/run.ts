import type { Verbs } from '../../controller/verbs.ts'
import { CnmError } from '../../model/errors.ts'
import { given } from '../../model/given.ts'
import type { CreateSandbox } from '../../model/request.ts'
import { type AttachmentFlags, attachmentFlags, attachmentsOf } from '../attachment.ts'
import { collect } from '../flags.ts'
import { launch } from '../launch.ts'
import { parsePorts } from '../port.ts'
import type { Verb } from '../verb.ts'
import type { Visit } from '../visit.ts'

interface Flags extends AttachmentFlags {
  readonly name?: string
  readonly publish?: readonly string[]
}

export const run = (program: Verb): Verb =>
  attachmentFlags(program.command('run'))
    .description('Run a command in a sandbox of its own, which is removed when the command ends')
    .argument('<command...>', 'The command and its arguments: all that follows is theirs')
    .option('--name <name>', 'Name of the sandbox (default: the beginning of its id)')
    .option(
      '-p, --publish <[[ip:][host]:]port[/proto]>',
      'Publish a port of the sandbox, or a range, on the host (may be repeated)',
      collect,
    )
    .launches()
    .examples('cnm run -- ip addr', 'cnm run --network front --ip 10.10.0.7 -p 8080:80 -- node server.js')
    .perform(async (visit, command: readonly string[], flags: Flags) => {
      const request = {
        ...given({ name: flags.name, networks: attachmentsOf(flags), ports: flags.publish?.flatMap(parsePorts) }),
        owner: process.pid,
      }
      const running = await visit.open((cnm) => start(visit, cnm, request, command))
      if (!running) return 0
      try {
        return await running.exitCode
      } finally {
        visit.interrupts.ignore()
        await visit.open((cnm) => cnm.removeSandbox(running.sandbox), null).catch(unlessGone)
      }
    })

/** Should we be killed, the command ends too, as its sandbox does: a process without its network helps nobody. */
const DIES_WITH_US = ['setpriv', '--pdeathsig', 'KILL', '--']

async function start(visit: Visit, cnm: Verbs, request: CreateSandbox, command: readonly string[]) {
  const sandbox = await visit.change(cnm, (it, options) => it.createSandbox(request, options))
  if (!sandbox) return undefined
  try {
    return { sandbox: sandbox.id, exitCode: (await launch(visit, cnm, sandbox.id, [...DIES_WITH_US, ...command])).exitCode }
  } catch (error) {
    await cnm.removeSandbox(sandbox.id)
    throw error
  }
}

/** Somebody else may have removed it while the command ran. */
function unlessGone(error: unknown): void {
  if (!(error instanceof CnmError && error.code === 'SANDBOX_NOT_FOUND')) throw error
}
