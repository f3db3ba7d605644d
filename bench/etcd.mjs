// Three members of etcd, on this host or each in a namespace.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const HERE = [0, 1, 2].map(() => ({ host: '127.0.0.1' }))

const healthy = (url) =>
  fetch(`${url}/health`)
    .then((answer) => answer.json())
    .then(({ health }) => health === 'true')
    .catch(() => false)

/** `places`: the address of each, and the path of its namespace where that is another one. */
export class Members {
  engine
  #folder = mkdtempSync(join(tmpdir(), 'cnm-bench-etcd-'))
  #clients
  #children

  constructor(places = HERE) {
    const urls = (kind) => places.map(({ host }, member) => `http://${host}:${23_700 + 10 * kind + member}`)
    const [clients, peers] = [urls(0), urls(1)]
    this.engine = `etcd://${clients.map((url) => url.replace('http://', '')).join(',')}/bench`
    this.#clients = clients
    const all = peers.map((url, member) => `m${member}=${url}`).join(',')
    this.#children = places.map(({ path }, member) => {
      const own = [
        ...['--name', `m${member}`, '--data-dir', join(this.#folder, String(member))],
        ...['--initial-cluster', all, '--log-level', 'error'],
        ...['--listen-client-urls', clients[member], '--advertise-client-urls', clients[member]],
        ...['--listen-peer-urls', peers[member], '--initial-advertise-peer-urls', peers[member]],
      ]
      return path ? spawn('nsenter', [`--net=${path}`, '--', 'etcd', ...own], { stdio: 'ignore' }) : spawn('etcd', own, { stdio: 'ignore' })
    })
  }

  /** On this host; all of them answer. */
  static async start() {
    const members = new Members()
    for (const url of members.#clients) while (!(await healthy(url))) await pause(50)
    return members
  }

  end() {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
