import type { Verbs } from '../../controller/verbs.ts'
import { type Change, changesOf, type Step } from '../lab/changes.ts'
import { type Lab, readLab } from '../lab/read.ts'
import { blamed, rehearse } from '../lab/rehearsal.ts'
import type { Verb } from '../verb.ts'
import type { Visit } from '../visit.ts'

interface Flags {
  readonly file: string
  readonly prune?: boolean
}

const labVerb = (program: Verb, name: string, description: string): Verb =>
  program
    .command(name)
    .description(description)
    .option('-f, --file <path>', 'What is declared: networks, sandboxes, attachments and ports', 'lab.yaml')
    .option('--prune', 'Remove what this lab has made before and does not declare any more')

export const plan = (program: Verb): Verb =>
  labVerb(program, 'plan', 'Show what apply would do')
    .examples('cnm plan -f lab.yaml')
    .perform(async (visit, flags: Flags) => {
      const lab = await readLab(flags.file)
      await visit.open((cnm) => show(visit, lab, cnm, flags))
    })

export const diff = (program: Verb): Verb =>
  labVerb(program, 'diff', 'Show what apply would do, and end with 1 if that is anything')
    .examples('cnm diff -f lab.yaml || cnm apply -f lab.yaml')
    .perform(async (visit, flags: Flags) => {
      const lab = await readLab(flags.file)
      return visit.open(async (cnm) => Number((await show(visit, lab, cnm, flags)).length > 0))
    })

export const apply = (program: Verb): Verb =>
  labVerb(program, 'apply', 'Make the host what a file declares; show what that takes')
    .examples('cnm apply -f lab.yaml', 'cnm apply -f lab.yaml --prune', 'cnm apply --dry-run -f lab.yaml')
    .perform(async (visit, flags: Flags) => {
      const lab = await readLab(flags.file)
      await visit.open(async (cnm) => {
        const changes = await show(visit, lab, cnm, flags)
        if (visit.dryRun) return
        await carryOut(visit, cnm, changes, ({ clear }) => clear)
        await carryOut(visit, cnm, changes, ({ perform }) => perform)
      })
    })

async function carryOut(visit: Visit, cnm: Verbs, changes: readonly Change[], stepOf: (change: Change) => Step | undefined): Promise<void> {
  for (const [index, change] of changes.entries()) {
    const step = stepOf(change)
    if (!step) continue
    visit.progress(`${index + 1}/${changes.length} ${change.sign} ${change.subject}`)
    await visit.change(cnm, step).catch((error) => {
      throw blamed(change.subject, error)
    })
  }
}

/** Prints the changes, and answers with them, if they can be. */
async function show(visit: Visit, lab: Lab, cnm: Verbs, { prune = false }: Flags): Promise<readonly Change[]> {
  const { changes, strays } = changesOf(lab, cnm, prune)
  for (const change of changes) await rehearse(cnm, change, visit.interrupts.signal)
  for (const { sign, subject, details } of changes) visit.print([`${sign} ${subject}`, ...details.map((text) => `    ${text}`)].join('\n'))
  const count = (sign: Change['sign']) => changes.filter((change) => change.sign === sign).length
  visit.print(
    changes.length === 0
      ? `${lab.name} is as declared.`
      : `${lab.name}: ${count('+')} to add, ${count('~')} to replace, ${count('-')} to remove.`,
  )
  if (strays.length > 0) visit.print(`Not declared any more, and removed with --prune: ${strays.join(', ')}.`)
  return changes
}
