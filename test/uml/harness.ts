/** What runs in the guest: scenarios, one after the other, and a line of JSON on each. Plain Node.js, no test runner. */

export interface Scenario {
  /** From the top of the checkout. */
  readonly file: string
  readonly name: string
}

/** How a scenario went; `error` is absent when it passed. */
export interface Verdict extends Scenario {
  readonly error?: string
}

const scenarios: (Scenario & { readonly body: () => unknown })[] = []
let file = ''
let wanted = /(?:)/

/** Something that has to hold in the guest: it passes unless `body` throws. Names are unique in their file. */
export function scenario(name: string, body: () => unknown): void {
  if (wanted.test(name)) scenarios.push({ file, name, body })
}

/** Reads the scenarios of a file, those whose names match. */
export async function enter(path: string, names: RegExp, load: () => Promise<unknown>): Promise<void> {
  file = path
  wanted = names
  await load()
}

/** Carries out what was entered, each for at most so many seconds, or says with --list what that is. */
export async function perform(patience: number): Promise<void> {
  if (process.argv.includes('--list')) return console.log(JSON.stringify(scenarios))
  for (const { file, name, body } of scenarios) {
    const error = await failure(body, patience)
    const verdict: Verdict = { file, name, ...(error === undefined ? {} : { error }) }
    console.log(JSON.stringify(verdict))
  }
}

async function failure(body: () => unknown, patience: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${patience} s`)), patience * 1000)
  })
  try {
    await Promise.race([body(), late])
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  } finally {
    clearTimeout(timer)
  }
}
