import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { must, run } from '../support/run.ts'

const NODE = fileURLToPath(new URL('node.mjs', import.meta.url))

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly code?: string
  readonly message?: string
}

/** A node of its own: a namespace on the underlay, and a process with a controller in it. */
class FleetNode {
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

  /** `kind`: 'overlay' has packets on its way. */
  async start(kind: 'segment' | 'overlay' = 'segment'): Promise<void> {
    const argv = [`--net=${this.netns}`, '--', process.execPath, NODE, join(this.#folder, 'root'), join(this.#folder, 'run'), kind]
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
    for (const line of must(['cat', '/proc/self/mounts']).split('\n')) {
      const path = line.split(' ')[1] ?? ''
      if (path.startsWith(`${this.#folder}/`)) must(['umount', '-l', path])
    }
  }
}

/** Hosts that reach one another through a switch, and nothing else. */
export class Fleet implements AsyncDisposable {
  readonly nodes: readonly FleetNode[]
  readonly #stem = `cnmf${process.pid}`
  readonly #switch = `/run/netns/${this.#stem}`
  readonly #folder = mkdtempSync(join(tmpdir(), 'cnm-fleet-'))

  constructor(count: number) {
    must(['ip', 'netns', 'add', this.#stem])
    const inside = { netns: this.#switch }
    must(['ip', 'link', 'add', 'sw', 'type', 'bridge'], inside)
    must(['ip', 'link', 'set', 'sw', 'up'], inside)
    this.nodes = Array.from({ length: count }, (_, index) => {
      const name = `${this.#stem}-${index}`
      const netns = `/run/netns/${name}`
      const host = `10.99.0.${index + 1}`
      must(['ip', 'netns', 'add', name])
      must(['ip', 'link', 'add', `port${index}`, 'netns', this.#switch, 'type', 'veth', 'peer', 'name', 'under0', 'netns', netns])
      must(['ip', 'link', 'set', `port${index}`, 'master', 'sw', 'up'], inside)
      must(['ip', 'addr', 'add', `${host}/24`, 'dev', 'under0'], { netns })
      must(['ip', 'link', 'set', 'under0', 'up'], { netns })
      must(['ip', 'link', 'set', 'lo', 'up'], { netns })
      return new FleetNode(netns, host, join(this.#folder, String(index)))
    })
  }

  /** Draws, or plugs in, the cable of a node. */
  cable(index: number, state: 'up' | 'down'): void {
    must(['ip', 'link', 'set', `port${index}`, state], { netns: this.#switch })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]()
    for (const name of ['', ...this.nodes.map((_, index) => `-${index}`)]) run(['ip', 'netns', 'del', `${this.#stem}${name}`])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
