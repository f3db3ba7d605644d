import { resolve } from 'node:path'
import { BUNDLES } from '../../plugins/bundle/manifest.ts'
import { badValue } from '../misuse.ts'
import type { Verb } from '../verb.ts'

export const pluginBundle = (noun: Verb): Verb =>
  noun
    .command('bundle')
    .description('Make a folder that `docker plugin create` takes: this program as a managed plugin, which swarm mode needs')
    .argument('<folder>', 'A new folder')
    .option('--driver <driver>', `Its network driver: ${BUNDLES.join(' or ')}`, BUNDLES[0])
    .examples(
      'cnm plugin bundle ./cnm',
      'docker plugin create cnm ./cnm && docker plugin enable cnm',
      'cnm plugin bundle --driver overlay ./cnm-overlay',
    )
    .perform(async (visit, folder: string, { driver }: { readonly driver: string }) => {
      visit.refuseDryRun('bundle')
      const bundle = BUNDLES.find((name) => name === driver)
      if (!bundle) throw badValue('--driver', driver, `not one of ${BUNDLES.join(', ')}`)
      const { makeBundle } = await import('../../plugins/bundle/bundle.ts')
      await makeBundle(resolve(folder), visit.world.program, bundle)
      visit.print(folder)
    })
