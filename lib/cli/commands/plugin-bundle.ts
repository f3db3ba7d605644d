import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Verb } from '../verb.ts'

export const pluginBundle = (noun: Verb): Verb =>
  noun
    .command('bundle')
    .description('Make a folder that `docker plugin create` takes: this program as a managed plugin, which swarm mode needs')
    .argument('<folder>', 'A new folder')
    .examples('cnm plugin bundle ./cnm', 'docker plugin create cnm ./cnm && docker plugin enable cnm')
    .perform(async (visit, folder: string) => {
      const { makeBundle } = await import('../../plugins/bundle/bundle.ts')
      await makeBundle(resolve(folder), fileURLToPath(new URL('../main.js', import.meta.url)))
      visit.print(folder)
    })
