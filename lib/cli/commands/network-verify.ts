import type { Difference } from '../../controller/overlay/audit.ts'
import { FOUND } from '../findings.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly repair?: boolean
  readonly format?: 'json'
}

export const networkVerify = (noun: Verb): Verb =>
  noun
    .command('verify')
    .description('Read back what the kernel has of the peers of an overlay network; end with 3 if it is not what it should be')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .option('--repair', 'Put right what differs')
    .option('--format <format>', "'json'")
    .examples('cnm network verify app', 'cnm network verify --repair app')
    .errand()
    .perform(async (visit, network: string, { repair = false, format }: Flags) => {
      const found = await visit.open((cnm) => cnm.verify(network, { repair: repair && !visit.dryRun, signal: visit.interrupts.signal }))
      if (format === 'json') visit.print(JSON.stringify(found))
      else {
        for (const difference of found.differences) visit.print(lineOf(difference))
        const count = found.differences.length
        if (found.damaged) visit.print('the tunnel itself is damaged: cnm network verify --repair')
        const state = found.idle ? 'nobody of this host is on it' : `${found.rows} rows, ${count} ${count === 1 ? 'differs' : 'differ'}`
        visit.print(`${found.network}: ${found.peers} peers, ${state}${found.repaired ? '; repaired' : ''}`)
      }
      return (found.damaged || found.differences.length > 0) && !found.repaired ? FOUND : 0
    })

const lineOf = ({ table, key, wanted, found }: Difference): string =>
  `${table} ${key}: ${found === '' ? 'missing' : found}${wanted === '' ? ', and should not be there' : `, should be ${wanted}`}`
