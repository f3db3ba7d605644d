import type { Verb } from '../verb.ts'
import { nodeInspect } from './node-inspect.ts'
import { nodeLs } from './node-ls.ts'
import { nodeRm } from './node-rm.ts'

export const node = (program: Verb): Verb =>
  program
    .command('node')
    .description('Manage the nodes of the swarm')
    .examples('cnm node ls', 'cnm node inspect self', 'cnm node rm worker-3')
    .gather(nodeInspect, nodeLs, nodeRm)
