import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { must, run } from '../support/run.ts'

/** Of the rest of the world, on the switch and beyond. */
const GATEWAY = '192.0.2.254'
export const WORLD = '203.0.113.1'

const NODE = fileURLToPath(new URL('node.mjs', import.meta.url))

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly code?: string
  readonly message?: string
}

/** What is on a host. */
interface FleetNode extends AsyncDisposable {
  /** Its namespace. */
  readonly netns: string
  /** Its address on the underlay. */
  readonly host: string
}

/** A process with a controller in it that knows no kernel: who is told of whom can be asked. */
export class Teller implements FleetNode {
  readonly netns: string
  readonly host: string
  readonly #folder: string
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #child: ChildProcess | undefined
  #count = 0

  constructor(netns: string, host: string, folder: string) {
    this.netns = netns
    this.host = host
    this.#folder = folder
  }

  async start(): Promise<void> {
    const argv = [`--net=${this.netns}`, '--', process.execPath, NODE, join(this.#folder, 'root'), join(this.#folder, 'run')]
    const child = spawn('nsenter', argv, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child = child
    const lines = createInterface({ input: child.stdout })
    await new Promise<void>((resolve, reject) => {
      lines.once('line', () => resolve())
      child.once('exit', (code) => reject(new Error(`a node ended with ${code} before it was ready`)))
    })
    lines.on('line', (line) => {
      const { id, value, code, message } = JSON.parse(line) as Answer
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (message === undefined) waiting?.resolve(value as never)
      else waiting?.reject(Object.assign(new Error(message), { code }))
    })
  }

  call<T>(verb: string, ...args: readonly unknown[]): Promise<T> {
    const id = this.#count++
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child?.stdin?.write(`${JSON.stringify({ id, verb, args })}\n`)
    })
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    unmount(this.#folder)
  }
}

/** Namespaces that are kept in a folder are there no more. */
export function unmount(folder: string): void {
  for (const line of must(['cat', '/proc/self/mounts']).split('\n')) {
    const path = line.split(' ')[1] ?? ''
    if (path.startsWith(`${folder}/`)) must(['umount', '-l', path])
  }
}

let fleets = 0

/** Hosts that reach one another through a switch: by addresses of one family, and by others the rest of the world. */
export class Fleet<N extends FleetNode> implements AsyncDisposable {
  readonly nodes: readonly N[]
  /** A namespace on the switch that knows no way to anything behind a host. */
  readonly world: string
  readonly #stem = `cnmf${process.pid}${'abcdefgh'[fleets++]}`
  readonly #switch = `/run/netns/${this.#stem}`
  readonly #names: string[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'cnm-fleet-'))

  constructor(count: number, Node: new (netns: string, host: string, folder: string) => N, family: 4 | 6 = 4) {
    must(['ip', 'netns', 'add', this.#stem])
    must(['ip', 'link', 'add', 'sw', 'type', 'bridge'], { netns: this.#switch })
    must(['ip', 'link', 'set', 'sw', 'up'], { netns: this.#switch })
    this.world = this.#plug('world', [`${GATEWAY}/24`])
    must(['ip', 'addr', 'add', `${WORLD}/32`, 'dev', 'lo'], { netns: this.world })
    this.nodes = Array.from({ length: count }, (_, index) => {
      const n = index + 1
      const host = family === 4 ? `10.99.0.${n}` : `fd00:99::${n}`
      const netns = this.#plug(String(index), [`${host}/${family === 4 ? 24 : 64}`, `192.0.2.${n}/24`])
      must(['ip', 'route', 'add', 'default', 'via', GATEWAY], { netns })
      return new Node(netns, host, join(this.#folder, String(index)))
    })
  }

  /** A namespace with a link to the switch. */
  #plug(name: string, addresses: readonly string[]): string {
    const full = `${this.#stem}-${name}`
    const netns = `/run/netns/${full}`
    this.#names.push(full)
    must(['ip', 'netns', 'add', full])
    must(['ip', 'link', 'add', `port${name}`, 'netns', this.#switch, 'type', 'veth', 'peer', 'name', 'under0', 'netns', netns])
    must(['ip', 'link', 'set', `port${name}`, 'master', 'sw', 'up'], { netns: this.#switch })
    for (const address of addresses)
      must(['ip', 'addr', 'add', address, 'dev', 'under0', ...(address.includes(':') ? ['nodad'] : [])], { netns })
    for (const link of ['under0', 'lo']) must(['ip', 'link', 'set', link, 'up'], { netns })
    return netns
  }

  /** Draws, or plugs in, the cable of a node. */
  cable(index: number, state: 'up' | 'down'): void {
    must(['ip', 'link', 'set', `port${index}`, state], { netns: this.#switch })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]()
    for (const name of [this.#stem, ...this.#names]) run(['ip', 'netns', 'del', name])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
