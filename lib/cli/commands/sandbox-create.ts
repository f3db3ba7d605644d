import { resolve } from 'node:path'
import { given } from '../../model/given.ts'
import { type AttachmentFlags, attachmentFlags, attachmentsOf } from '../attachment.ts'
import { collect, labels } from '../flags.ts'
import { parsePorts } from '../port.ts'
import type { Verb } from '../verb.ts'

interface Flags extends AttachmentFlags {
  readonly name?: string
  readonly publish?: readonly string[]
  readonly netns?: string
  readonly label?: readonly string[]
}

export const sandboxCreate = (noun: Verb): Verb =>
  attachmentFlags(noun.command('create'))
    .description('Create a sandbox, and print its id')
    .option('--name <name>', 'Its name (default: the beginning of its id)')
    .option(
      '-p, --publish <[[ip:][host]:]port[/proto]>',
      'Publish a port of the sandbox, or a range, on the host (may be repeated)',
      collect,
    )
    .option('--netns <path>', 'Of a network namespace that exists (default: a new one)')
    .option('--label <key=value>', 'Metadata (may be repeated)', collect)
    .examples(
      'cnm sandbox create --name web --network front --ip 10.10.0.10 -p 8080:80',
      'cnm sandbox create --network front --network name=back,alias=db,gw-priority=-1',
      'cnm sandbox create --name vm7 --netns /run/netns/vm7 --network front',
    )
    .errand()
    .perform(async (visit, { netns, ...flags }: Flags) => {
      const path = netns === undefined ? undefined : resolve(visit.world.cwd(), netns)
      const request = {
        ...given({ name: flags.name, path, networks: attachmentsOf(flags), ports: flags.publish?.flatMap(parsePorts) }),
        labels: labels(flags.label),
      }
      const sandbox = await visit.open((cnm) => visit.change(cnm, (it, options) => it.createSandbox(request, options)))
      if (sandbox) visit.print(sandbox.id)
    })
