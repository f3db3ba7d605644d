import type { Verb } from '../verb.ts'
import { sandboxCreate } from './sandbox-create.ts'
import { sandboxExec } from './sandbox-exec.ts'
import { sandboxInspect } from './sandbox-inspect.ts'
import { sandboxLs } from './sandbox-ls.ts'
import { sandboxRm } from './sandbox-rm.ts'

export const sandbox = (program: Verb): Verb =>
  program
    .command('sandbox')
    .description('Manage sandboxes: what Docker calls the network side of a container')
    .examples('cnm sandbox create --name web --network front -p 8080:80', 'cnm sandbox exec web node server.js', 'cnm sandbox rm web')
    .gather(sandboxCreate, sandboxExec, sandboxInspect, sandboxLs, sandboxRm)
