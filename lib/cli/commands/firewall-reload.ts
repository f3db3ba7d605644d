import type { Verb } from '../verb.ts'

export const firewallReload = (noun: Verb): Verb =>
  noun
    .command('reload')
    .description('Write all rules anew, as after `nft flush ruleset`; your own, in the chain `user` of table inet cnm, stay')
    .examples('cnm firewall reload', 'cnm --dry-run firewall reload')
    .errand()
    .perform((visit) => visit.open(async (cnm) => void (await visit.change(cnm, (now, options) => now.reloadFirewall(options)))))
