import type { Verb } from '../verb.ts'
import { pluginVerify } from './plugin-verify.ts'

export const plugin = (program: Verb): Verb =>
  program.command('plugin').description("Look at Docker plugins, ours or others'").examples('cnm plugin verify cnm').gather(pluginVerify)
