import { resolve } from 'node:path'
import { parseCidr } from '../../model/address.ts'
import { collect } from '../flags.ts'
import { Contradiction } from '../misuse.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly opt?: readonly string[]
  readonly subnet: string
  readonly quiet?: boolean
}

export const pluginVerify = (noun: Verb): Verb =>
  noun
    .command('verify')
    .description('Ask a plugin what a Docker engine asks, and say what it answers wrongly; end with 1 if that is anything')
    .argument('<plugin>', 'Its name, socket, or URL')
    .option('-o, --opt <key=value>', 'Option of the network that is made (may be repeated)', collect)
    .option('--subnet <cidr>', 'For a network driver without IPAM: a subnet that nobody has', '198.18.111.0/24')
    .option('-q, --quiet', 'Only what is wrong')
    .examples('cnm plugin verify cnm', 'cnm plugin verify ./my.sock', 'cnm plugin verify -o parent=eth1 tcp://127.0.0.1:9000')
    .perform(async (visit, name: string, { opt = [], subnet, quiet = false }: Flags) => {
      visit.refuseDryRun('verify')
      const { family, prefix = 32 } = parseCidr(subnet) ?? {}
      if (family !== 4 || prefix > 29) throw new Contradiction(`invalid subnet ${subnet}: not an IPv4 subnet with three addresses`)
      const [{ PluginClient }, { findPlugin, isAddress, placesIn }, { verify }] = await Promise.all([
        import('../../plugins/client.ts'),
        import('../../plugins/discovery.ts'),
        import('../../plugins/verify/verify.ts'),
      ])
      if (name.includes('://') && !isAddress(name))
        throw new Contradiction(`invalid plugin ${name}: not a URL (unix:///PATH, tcp, http, https)`)
      const located = name.includes('://')
        ? { address: name }
        : name.includes('/')
          ? { address: `unix://${resolve(name)}` }
          : findPlugin(name, placesIn(visit.world.env))
      const options = Object.fromEntries(opt.map((pair) => [pair.replace(/=.*/s, ''), pair.replace(/^[^=]*=?/, '')]))
      let wrong = 0
      for await (const { verdict, method, what } of verify(new PluginClient(located), { subnet, options })) {
        if (verdict === 'wrong') wrong++
        if (verdict === 'wrong' || !quiet) visit.print(`${verdict.padEnd(5)}  ${method}: ${what}`)
      }
      return wrong === 0 ? 0 : 1
    })
