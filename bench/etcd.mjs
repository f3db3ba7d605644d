// Three members of etcd on this host.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const MEMBERS = [0, 1, 2]
const port = (member, kind) => 23_700 + 10 * kind + member
const url = (member, kind) => `http://127.0.0.1:${port(member, kind)}`

const healthy = (member) =>
  fetch(`${url(member, 0)}/health`)
    .then((answer) => answer.json())
    .then(({ health }) => health === 'true')
    .catch(() => false)

export class Members {
  engine = `etcd://${MEMBERS.map((member) => `127.0.0.1:${port(member, 0)}`).join(',')}/bench`
  #folder = mkdtempSync(join(tmpdir(), 'cnm-bench-etcd-'))
  #children

  constructor() {
    const all = MEMBERS.map((member) => `m${member}=${url(member, 1)}`).join(',')
    this.#children = MEMBERS.map((member) => {
      const own = [
        '--name',
        `m${member}`,
        '--data-dir',
        join(this.#folder, String(member)),
        '--initial-cluster',
        all,
        '--log-level',
        'error',
      ]
      const listen = ['--listen-client-urls', url(member, 0), '--advertise-client-urls', url(member, 0)]
      const peers = ['--listen-peer-urls', url(member, 1), '--initial-advertise-peer-urls', url(member, 1)]
      return spawn('etcd', [...own, ...listen, ...peers], { stdio: 'ignore' })
    })
  }

  static async start() {
    const members = new Members()
    for (const member of MEMBERS) while (!(await healthy(member))) await pause(50)
    return members
  }

  end() {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
