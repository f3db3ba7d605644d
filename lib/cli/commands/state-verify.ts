import { readFileSync } from 'node:fs'
import { FINDINGS_FORMAT, FOUND, formatFindings } from '../findings.ts'
import { Contradiction } from '../misuse.ts'
import type { Verb } from '../verb.ts'

export const stateVerify = (noun: Verb): Verb =>
  noun
    .command('verify')
    .description('Say what is wrong with what is recorded, or with what `state export` has written; end with 3 if that is anything')
    .argument('[file]', 'What `state export` has written (default: the state itself)')
    .option('--format <format>', FINDINGS_FORMAT)
    .examples('cnm state verify', 'cnm state verify cnm.json')
    .perform(async (visit, file: string | undefined, { format }: { readonly format?: string }) => {
      const { verifyExport } = await visit.world.state()
      const findings = file === undefined ? await visit.verified() : verifyExport(read(file))
      visit.write(formatFindings(findings, format))
      return findings.length === 0 ? 0 : FOUND
    })

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Contradiction(`${file} cannot be read: ${(error as Error).message.replace(/, .*/, '')}`)
  }
}
