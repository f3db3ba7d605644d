import { FINDINGS_FORMAT, FOUND, formatFindings } from '../findings.ts'
import type { Verb } from '../verb.ts'

export const repair = (program: Verb): Verb =>
  program
    .command('repair')
    .description('Mend what doctor finds, as far as it is ours; show what is left, and end with 3 if that is anything')
    .option('--format <format>', FINDINGS_FORMAT)
    .examples('cnm repair', 'cnm repair --dry-run')
    .errand()
    .perform(async (visit, { format }: { readonly format?: string }) => {
      if (visit.dryRun) {
        const { remedy } = await visit.examine()
        visit.print(remedy || '# no step in the kernel')
        return
      }
      return visit.open(async (cnm) => {
        const { mended, left, errors } = await cnm.repair({ signal: visit.interrupts.signal })
        for (const { subject, what } of mended) visit.progress(`mended: ${subject}: ${what}`)
        for (const error of errors) visit.complain(error)
        visit.write(formatFindings(left, format))
        return left.length === 0 ? 0 : FOUND
      })
    })
