import type { Verb } from '../verb.ts'
import { pluginBundle } from './plugin-bundle.ts'
import { pluginInspect } from './plugin-inspect.ts'
import { pluginLs } from './plugin-ls.ts'
import { pluginVerify } from './plugin-verify.ts'

export const plugin = (program: Verb): Verb =>
  program
    .command('plugin')
    .description("Make a Docker plugin of this program, and look at plugins, ours or others'")
    .examples('cnm plugin ls', 'cnm plugin inspect weave', 'cnm plugin verify cnm', 'cnm plugin bundle ./cnm')
    .gather(pluginBundle, pluginInspect, pluginLs, pluginVerify)
