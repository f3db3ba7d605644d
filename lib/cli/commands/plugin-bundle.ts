import { resolve } from 'node:path'
import type { Verb } from '../verb.ts'

export const pluginBundle = (noun: Verb): Verb =>
  noun
    .command('bundle')
    .description('Make a folder that `docker plugin create` takes: this program as a managed plugin, which swarm mode needs')
    .argument('<folder>', 'A new folder')
    .examples('cnm plugin bundle ./cnm', 'docker plugin create cnm ./cnm && docker plugin enable cnm')
    .perform(async (visit, folder: string) => {
      const { makeBundle } = await import('../../plugins/bundle/bundle.ts')
      await makeBundle(resolve(folder), visit.world.program)
      visit.print(folder)
    })
