import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { HOST4, HOST6, wire } from '../support/lab.ts'
import { must, type Ran, runAsync } from '../support/run.ts'

/** The LAN knows the way to the networks, as where the operator has set up routing. */
const ROUTES = [
  ['172.16.0.0/12', HOST4],
  ['10.80.0.0/12', HOST4],
  ['fd00::/16', HOST6],
] as const

const SCRIPT = fileURLToPath(new URL('island.sh', import.meta.url))

/** What makes an island; its process is on the host, and its standard input keeps it there. */
export const rising = (controlGroups: string): readonly string[] => [
  'unshare',
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  SCRIPT,
  controlGroups,
]

let count = 0

/** A host with a LAN, as in `Lab`, of which nothing is left when this process ends, however it ends. */
export class Island implements AsyncDisposable {
  readonly pid: number
  readonly controlGroups: string
  /** The namespace of the LAN peer, as the host sees it. */
  readonly lan: string
  readonly #sink: () => Promise<void>

  constructor(pid: number, controlGroups: string, lan: string, sink: () => Promise<void>) {
    this.pid = pid
    this.controlGroups = controlGroups
    this.lan = lan
    this.#sink = sink
    const paths = { host: `/proc/${pid}/ns/net`, lan: `/proc/${pid}/root${lan}` }
    wire(paths.host, paths.lan)
    for (const [subnet, via] of ROUTES) must(['ip', 'route', 'add', subnet, 'via', via], { netns: paths.lan })
  }

  static async rise(): Promise<Island> {
    const controlGroups = `cnm-island-${process.pid}-${count++}`
    const [command = '', ...argv] = rising(controlGroups)
    // Of no terminal's group: it has to outlive an interrupt, in order to clean up.
    const keeper = spawn(command, argv, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
    const ended = new Promise((resolve) => keeper.once('close', resolve))
    const { value: lan } = await createInterface({ input: keeper.stdout })[Symbol.asyncIterator]().next()
    return new Island(keeper.pid ?? 0, controlGroups, lan, async () => {
      keeper.stdin.end()
      await ended
    })
  }

  /** A command line that is run there. */
  there(argv: readonly string[]): readonly string[] {
    const { pid } = this
    return ['nsenter', `--target=${pid}`, '--net', '--mount', `--pid=/proc/${pid}/ns/pid_for_children`, '--', ...argv]
  }

  run(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ran> {
    return runAsync(this.there(argv), { env })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink()
  }
}
