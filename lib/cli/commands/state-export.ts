import type { Verb } from '../verb.ts'

export const stateExport = (noun: Verb): Verb =>
  noun
    .command('export')
    .description('Print everything that is recorded, as JSON: networks, sandboxes, endpoints')
    .examples('cnm state export > cnm.json', "cnm state export | jq -r '.networks[].name'")
    .errand()
    .perform(async (visit) => visit.print(JSON.stringify(await visit.exported(), null, 2)))
