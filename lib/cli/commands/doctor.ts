import { FINDINGS_FORMAT, FOUND, formatFindings } from '../findings.ts'
import type { Verb } from '../verb.ts'

export const doctor = (program: Verb): Verb =>
  program
    .command('doctor')
    .description('Say what is not as it should be, why it matters and what puts it right; end with 3 if that is anything')
    .option('--format <format>', FINDINGS_FORMAT)
    .examples('cnm doctor', 'cnm doctor --format json', "cnm doctor --format '{{.Fix}}'")
    .errand()
    .perform(async (visit, { format }: { readonly format?: string }) => {
      const { findings } = await visit.examine()
      visit.write(formatFindings(findings, format))
      return findings.length === 0 ? 0 : FOUND
    })
