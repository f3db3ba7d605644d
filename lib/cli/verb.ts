import { Command, CommanderError, Option } from 'commander'
import { given } from '../model/given.ts'
import { complaint, exitCodeOf } from './complaint.ts'
import { collect, parseBool } from './flags.ts'
import { Interrupts } from './interrupts.ts'
import { Misuse } from './misuse.ts'
import { type Globals, Visit } from './visit.ts'
import type { World } from './world.ts'

const GLOBAL = 'Global Options:'

/** A command of `cnm`, at any level; how all of them take flags, help, fail and end. */
export class Verb extends Command {
  readonly #world: World
  readonly #toggles = new Set<string>()
  #launches = false
  #verbs: readonly ((parent: Verb) => Verb)[] = []
  #isErrand = false

  constructor(name: string, world: World) {
    super(name)
    this.#world = world
    const write = { writeOut: (text: string) => void world.stdout.write(text), writeErr: (text: string) => void world.stderr.write(text) }
    this.exitOverride().configureOutput(write).helpOption('-h, --help', 'Print this help')
  }

  override createCommand(name: string): Verb {
    return new Verb(name, this.#world)
  }

  /** Every level has these, because what follows the command of `run` and `exec` is not ours to search. */
  #withGlobals(): this {
    return this.addOption(new Option('--root <dir>', 'State directory (default: CNM_ROOT, else /var/lib/cnm)').helpGroup(GLOBAL))
      .addOption(new Option('--run <dir>', 'Run directory (default: CNM_RUN, else /run/cnm)').helpGroup(GLOBAL))
      .addOption(
        new Option(
          '-H, --host <address>',
          'Daemon: unix:///PATH or tcp://ADDRESS:PORT (default: CNM_HOST, else the one that owns the run directory)',
        )
          .argParser(collect)
          .helpGroup(GLOBAL),
      )
      .addOption(new Option('--tls <dir>', 'By TCP speak TLS with ca.pem, cert.pem, key.pem (default: CNM_CERT_PATH)').helpGroup(GLOBAL))
      .addOption(new Option('--dry-run', 'Print what would be done, and change nothing').helpGroup(GLOBAL))
  }

  /** Makes this a command that does nothing itself, but has `verbs`. They are made when it is this command's turn: few are, each time. */
  gather(...verbs: readonly ((parent: Verb) => Verb)[]): this {
    this.#verbs = verbs
    return this.#withGlobals()
      .enablePositionalOptions()
      .helpCommand('help [command]', 'Print help for a command')
      .hook('preSubcommand', (_, next) => void (next as Verb).fill())
  }

  /** Makes what it has gathered, once. */
  fill(): this {
    const verbs = this.#verbs
    this.#verbs = []
    for (const verb of verbs) verb(this)
    return this
  }

  examples(...lines: readonly string[]): this {
    return this.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
  }

  /** A flag that can also be taken back: `--ipv6`, `--ipv6=true`, `--ipv6=false`. Neither given: undefined. */
  toggle(flag: `--${string}`, description: string): this {
    this.#toggles.add(flag)
    return this.option(flag, description).addOption(new Option(flag.replace('--', '--no-')).hideHelp())
  }

  /** Everything behind the first operand belongs to a program that this verb starts, and whose exit code it passes on. */
  launches(): this {
    this.#launches = true
    return this.passThroughOptions()
  }

  /** A daemon may do it for another program: it needs nothing of that but the line (errand.ts). */
  errand(): this {
    this.#isErrand = true
    return this
  }

  /** What the verb does. `work` gets operands and flags as commander does; it may resolve with an exit code. */
  perform<A extends readonly unknown[]>(work: (visit: Visit, ...args: A) => Promise<number | void>): this {
    return this.#withGlobals().action(async (...args: unknown[]) => {
      const visit = new Visit(this.#world, this.#globals(), new Interrupts(this.#world.signals))
      const operands = args.slice(0, -1) as unknown as A
      this.#world.admit?.(visit, this.#isErrand)
      let code: number | void
      try {
        code = await work(visit, ...operands)
      } catch (error) {
        code = this.#fail(error)
      }
      if (code) throw new CommanderError(code, 'cnm.exit', '')
    })
  }

  override error(message: string): never {
    const misuse = new Misuse(message.replace(/^error: /, ''))
    throw new CommanderError(this.#fail(misuse), 'cnm.misuse', misuse.message)
  }

  /** A noun without a verb shows its help, as Docker's do: that is no error. */
  override help(): never {
    this.fill()
    return super.help()
  }

  override parseOptions(args: string[]): ReturnType<Command['parseOptions']> {
    return super.parseOptions(args.map((arg) => this.#switched(arg)))
  }

  /** `--ipv6=false` as commander knows it: `--no-ipv6`. */
  #switched(arg: string): string {
    const [flag = '', text] = arg.split('=', 2)
    if (text === undefined || !this.#toggles.has(flag)) return arg
    const on = parseBool(text)
    if (on === null) this.error(`invalid argument "${text}" for "${flag}" flag: neither true nor false`)
    return on ? flag : flag.replace('--', '--no-')
  }

  #fail(error: unknown): number {
    this.#world.stderr.write(complaint(error, this.#world))
    if (error instanceof Misuse) {
      const usage = this.createHelp().commandUsage(this)
      const path = usage.split(/ [[<]/, 1)[0]
      this.#world.stderr.write(`\nUsage:  ${usage}\n\nRun '${path} --help' for more information\n`)
    }
    return exitCodeOf(error, this.#launches)
  }

  /** Of flags given at several levels the innermost counts. */
  #globals(): Globals {
    const { root, run, host, tls, dryRun } = this.opts<Globals>()
    return { ...(this.parent instanceof Verb ? this.parent.#globals() : {}), ...given({ root, run, host, tls, dryRun }) }
  }
}
