import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Scenario, Verdict } from '../uml/harness.ts'

/** Seconds for all that is no scenario. */
const SPARE = 60
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A kernel of our own, and what has to hold in it. */
export interface Tier {
  /** Its folder in test/, with files of scenarios. */
  readonly name: string
  /** The folder in test/ with its boot.sh. */
  readonly kind: 'uml' | 'qemu'
  /** Tests of test/kernel that run there too: file → their names. */
  readonly kernel?: Readonly<Record<string, RegExp>>
  /** How long one scenario may take, in seconds; the guest itself, and to boot, a minute more. */
  readonly patience: number
}

/** Boots once and makes a test of every scenario. CNM_SCENARIOS names the files, separated by spaces; absent: all. */
export async function runTier(tier: Tier): Promise<void> {
  if (chosenOf(tier).length === 0) return it.skip('it has none of the files that were asked for', () => {})
  const program = await bundle(tier)
  const scenarios = list(program)
  const without = chosenOf(tier).filter((file) => !scenarios.some((one) => one.file === file))
  if (without.length > 0) throw new Error(`no scenarios of such names in ${without.join(', ')}`)
  const guest = new Guest()
  beforeAll(() => guest.boot(tier, program))
  afterAll(() => guest.end())
  for (const file of new Set(scenarios.map((one) => one.file))) {
    describe(file, () => {
      for (const { name } of scenarios.filter((one) => one.file === file)) {
        it(name, async () => expect(await guest.failure({ file, name })).toBeUndefined(), (tier.patience + SPARE) * 1000)
      }
    })
  }
}

/** The files that are to run: those that were asked for, or all. */
function chosenOf({ name, kernel = {} }: Tier): readonly string[] {
  const own = readdirSync(join(ROOT, 'test', name)).filter((file) => /^(?!harness\.|.*\.test\.).*\.ts$/.test(file))
  const all = [...own.map((file) => `test/${name}/${file}`), ...Object.keys(kernel)]
  const asked = process.env['CNM_SCENARIOS']?.split(' ').filter(Boolean) ?? []
  const wanted = asked.map((file) => relative(ROOT, resolve(file)))
  return wanted.length === 0 ? all : all.filter((file) => wanted.includes(file))
}

/** All that is to run, as one file that plain Node.js runs. */
async function bundle(tier: Tier): Promise<string> {
  const { name, kernel = {} } = tier
  const folder = join(ROOT, 'build', name)
  const path = (file: string): string => JSON.stringify(join(ROOT, file))
  const entry = [
    `import { enter, perform } from ${path('test/uml/harness.ts')}`,
    `import { suite } from ${path('test/guest/vitest.ts')}`,
    ...chosenOf(tier).map((file) => `await enter('${file}', ${kernel[file] ?? /(?:)/}, () => suite(() => import(${path(file)})))`),
    `await perform(${tier.patience})\n`,
  ]
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'entry.ts'), entry.join('\n'))
  const bundle = await rolldown({
    input: join(folder, 'entry.ts'),
    platform: 'node',
    // What is compiled stays where it is.
    external: ['#addon', 'lmdb', 'node-gyp-build'],
    plugins: [{ name: 'places', transform: placed }],
    resolve: { alias: { vitest: join(ROOT, 'test', 'guest', 'vitest.ts') } },
    transform: { target: 'node20' },
  })
  const file = join(folder, 'scenarios.mjs')
  await bundle.write({ file, format: 'esm', codeSplitting: false, sourcemap: true })
  await bundle.close()
  return file
}

/** Files lie beside the one that asks for them, not beside the bundle; lines stay where they are. */
const placed = (code: string, id: string) =>
  code.includes('import.meta.url') ? { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)), map: null } : null

function list(program: string): readonly Scenario[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--list'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const scenarios = JSON.parse(stdout) as readonly Scenario[]
  const twice = scenarios.filter(({ file, name }, at) => scenarios.findIndex((one) => one.file === file && one.name === name) !== at)
  if (scenarios.length === 0 || twice.length > 0) throw new Error(`no scenarios, or two of one name: ${JSON.stringify(twice)}`)
  return scenarios
}

/** A guest that runs the scenarios, and what is known of them. */
class Guest {
  readonly #verdicts = new Map<string, Verdict>()
  readonly #news = new EventEmitter().setMaxListeners(0)
  #child: ChildProcess | undefined
  #ended: Promise<unknown> | undefined
  /** Why nothing more will come. */
  #end: string | undefined
  /** Whatever it said that is no verdict, and its kernel. */
  #words = ''

  boot({ kind, patience }: Tier, program: string): void {
    const argv = [process.execPath, '--enable-source-maps', program]
    const child = spawn(join(ROOT, 'test', kind, 'boot.sh'), argv, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    const silence = patience + SPARE
    const timer = setTimeout(() => {
      this.#end = `the guest was stopped when it had said nothing for ${silence} s`
      child.kill('SIGKILL')
    }, silence * 1000)
    const hear = (line: string) => {
      timer.refresh()
      this.#hear(line)
    }
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear)
    this.#child = child
    // The streams close when nobody is left who could write to them.
    this.#ended = once(child, 'close').then(([code, signal]) => {
      clearTimeout(timer)
      this.#end ??= `the guest ended (${signal ?? code}) before that`
      this.#news.emit('news')
    })
  }

  #hear(line: string): void {
    try {
      const verdict = JSON.parse(line) as Verdict
      this.#verdicts.set(key(verdict), verdict)
      this.#news.emit('news')
    } catch {
      this.#words += `${line}\n`
    }
  }

  /** undefined when it passed. */
  async failure(scenario: Scenario): Promise<string | undefined> {
    while (!this.#verdicts.has(key(scenario)) && this.#end === undefined) await once(this.#news, 'news')
    const verdict = this.#verdicts.get(key(scenario))
    return verdict ? verdict.error : `${this.#end}; its last words: ${this.#words.slice(-4000)}`
  }

  async end(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#ended
  }
}

const key = ({ file, name }: Scenario): string => JSON.stringify([file, name])
