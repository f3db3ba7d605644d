import type { Verb } from '../verb.ts'
import { stateExport } from './state-export.ts'
import { stateVerify } from './state-verify.ts'

export const state = (program: Verb): Verb =>
  program
    .command('state')
    .description('Look at what is recorded, without the kernel')
    .examples('cnm state export > cnm.json', 'cnm state verify')
    .gather(stateExport, stateVerify)
