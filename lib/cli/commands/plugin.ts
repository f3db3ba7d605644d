import type { Verb } from '../verb.ts'
import { pluginBundle } from './plugin-bundle.ts'
import { pluginVerify } from './plugin-verify.ts'

export const plugin = (program: Verb): Verb =>
  program
    .command('plugin')
    .description("Make a Docker plugin of this program, and look at plugins, ours or others'")
    .examples('cnm plugin bundle ./cnm', 'cnm plugin verify cnm')
    .gather(pluginBundle, pluginVerify)
