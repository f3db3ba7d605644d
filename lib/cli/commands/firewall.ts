import type { Verb } from '../verb.ts'
import { firewallReload } from './firewall-reload.ts'

export const firewall = (program: Verb): Verb =>
  program
    .command('firewall')
    .description('Manage the rules of networks and published ports')
    .examples('cnm firewall reload')
    .gather(firewallReload)
