import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const inside = (netns: string | undefined, argv: readonly string[]): readonly string[] =>
  netns === undefined ? argv : ['nsenter', `--net=${netns}`, '--', ...argv]

/** Runs a program to its end; `netns` is the path of the namespace it is to be in. */
export function run(argv: readonly string[], { netns, input, env }: { netns?: string; input?: string; env?: NodeJS.ProcessEnv } = {}): Ran {
  const [command = '', ...args] = inside(netns, argv)
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', input, env: env ?? process.env, timeout: 100_000 })
  if (error) throw error
  return { status: status ?? -1, stdout, stderr }
}

/** The same without blocking this process, for programs that talk to it or to one another. */
export async function runAsync(argv: readonly string[], { netns, env }: { netns?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Ran> {
  const [command = '', ...args] = inside(netns, argv)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: env ?? process.env })
  const read = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
    let text = ''
    for await (const chunk of stream ?? []) text += chunk
    return text
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? -1))
  })
  const [stdout, stderr, status] = await Promise.all([read(child.stdout), read(child.stderr), ended])
  return { status, stdout, stderr }
}

/** run(), and a failure is an error. */
export function must(argv: readonly string[], options: { netns?: string; input?: string } = {}): string {
  const { status, stdout, stderr } = run(argv, options)
  if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}: ${stderr.trim()}`)
  return stdout
}

/** A program that goes on until it is disposed of; resolves when it has printed its first line. */
export async function start(
  argv: readonly string[],
  { netns, env }: { netns?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<{ child: ChildProcess } & AsyncDisposable> {
  const [command = '', ...args] = inside(netns, argv)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: env ?? process.env })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', () => resolve())
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`${argv.join(' ')}: ended with ${code} before it was ready`)))
  })
  await ready
  const tell = (code: number | null, signal: string | null) => console.error(`${argv.join(' ')}: ended by itself, with ${signal ?? code}`)
  child.once('exit', tell)
  return {
    child,
    async [Symbol.asyncDispose]() {
      child.off('exit', tell)
      child.kill('SIGKILL')
      await ended
    },
  }
}
