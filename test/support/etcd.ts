import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Certificates } from './certificates.ts'
import { runAsync } from './run.ts'

export interface Place {
  /** Path of the namespace that the member is in; '' for this process's own. */
  readonly netns: string
  readonly host: string
}

/** Elections in a tenth of the usual time. */
const QUICK = ['--unsafe-no-fsync', '--heartbeat-interval', '20', '--election-timeout', '200', '--log-level', 'error']

interface Spot extends Place {
  readonly client: number
  readonly peer: number
}

/** Real etcd members, one for each place. */
export class EtcdCluster implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cnm-etcd-'))
  readonly #spots: readonly Spot[]
  readonly #tls: Certificates | undefined
  readonly #running = new Map<number, ChildProcess>()

  private constructor(spots: readonly Spot[], tls: Certificates | undefined) {
    this.#spots = spots
    this.#tls = tls
  }

  static async start(places: readonly Place[] = [{ netns: '', host: '127.0.0.1' }], tls?: Certificates): Promise<EtcdCluster> {
    const ports = await Promise.all(places.flatMap(() => [freePort(), freePort()]))
    const spots = places.map((place, i) => ({ ...place, client: ports[2 * i] ?? 0, peer: ports[2 * i + 1] ?? 0 }))
    const cluster = new EtcdCluster(spots, tls)
    for (const index of spots.keys()) cluster.run(index)
    await Promise.all(Array.from(spots.keys(), (index) => cluster.ready(index)))
    return cluster
  }

  /** For --engine. */
  engine(prefix = '/cnm'): string {
    return `etcd://${this.#spots.map(({ host, client }) => `${inUrl(host)}:${client}`).join(',')}${prefix}`
  }

  run(index: number): void {
    const spot = this.#spot(index)
    const { client, peer } = this.#urls(spot)
    const names = this.#spots.map((each, i) => `m${i}=${this.#urls(each).peer}`).join(',')
    const argv = ['etcd', '--name', `m${index}`, '--data-dir', join(this.#folder, `m${index}`)]
    argv.push('--listen-client-urls', client, '--advertise-client-urls', client)
    argv.push('--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', names, ...QUICK)
    if (this.#tls) {
      const { ca, cert, key } = this.#tls
      argv.push('--client-cert-auth', '--trusted-ca-file', ca, '--cert-file', cert, '--key-file', key)
    }
    const [command = '', ...args] = spot.netns === '' ? argv : ['nsenter', `--net=${spot.netns}`, '--', ...argv]
    this.#running.set(index, spawn(command, args, { stdio: 'ignore', env: { ...process.env, ETCD_UNSUPPORTED_ARCH: process.arch } }))
  }

  async kill(index: number): Promise<void> {
    const child = this.#running.get(index)
    this.#running.delete(index)
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /** It keeps what it is asked, and answers later. */
  freeze(index: number): void {
    this.#running.get(index)?.kill('SIGSTOP')
  }

  thaw(index: number): void {
    this.#running.get(index)?.kill('SIGCONT')
  }

  /** Not before it has a leader. */
  async ready(index: number): Promise<void> {
    for (let patience = 600; ; patience--) {
      if ((await this.#curl(index, 'health', '')).includes('"true"')) return
      if (patience === 0) throw new Error(`etcd member ${index} does not become healthy`)
      await pause(50)
    }
  }

  async leader(): Promise<number> {
    for (const index of this.#running.keys()) {
      const { leader, header } = JSON.parse(await this.#curl(index, 'v3/maintenance/status', '{}'))
      if (leader === header.member_id) return index
    }
    throw new Error('there is no leader')
  }

  /** Forgets everything before the newest revision. */
  async compact(index = 0): Promise<void> {
    const { header } = JSON.parse(await this.#curl(index, 'v3/kv/range', JSON.stringify({ key: 'eA==' })))
    await this.#curl(index, 'v3/kv/compaction', JSON.stringify({ revision: header.revision, physical: true }))
  }

  /** From the member's own namespace; '' while it does not answer. */
  async #curl(index: number, path: string, body: string): Promise<string> {
    const spot = this.#spot(index)
    const url = `${this.#urls(spot).client}/${path}`
    if (spot.netns === '') return ask(url, body, this.#tls)
    const script = `(${ask})(...JSON.parse(process.argv[2])).then((answer) => process.stdout.write(answer))`
    return (await runAsync(['node', '-e', script, '-', JSON.stringify([url, body, this.#tls])], { netns: spot.netns })).stdout
  }

  #urls({ host, client, peer }: Spot) {
    return { client: `${this.#tls ? 'https' : 'http'}://${inUrl(host)}:${client}`, peer: `http://${inUrl(host)}:${peer}` }
  }

  #spot(index: number): Spot {
    const spot = this.#spots[index]
    if (!spot) throw new Error(`there is no member ${index}`)
    return spot
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const index of [...this.#running.keys()]) await this.kill(index)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** What is answered; '' for nothing. In this process or another: it names nothing of this file. */
function ask(url: string, body: string, tls: Certificates | null | undefined): Promise<string> {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  const { request } = process.getBuiltinModule(tls ? 'node:https' : 'node:http')
  const secrets = tls ? { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) } : {}
  return new Promise((resolve) => {
    const asked = request(url, { method: body ? 'POST' : 'GET', timeout: 2000, agent: false, ...secrets }, async (answer) =>
      resolve(
        (
          await answer
            .setEncoding('utf8')
            .toArray()
            .catch(() => [])
        ).join(''),
      ),
    )
    asked.once('error', () => resolve(''))
    asked.once('timeout', () => asked.destroy())
    asked.end(body)
  })
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
