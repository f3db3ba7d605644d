import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Op, Outcome } from '../../binding.d.ts'
import { addon } from '../../lib/netlink/addon.ts'
import type { Netns } from '../../lib/netlink/namespace.ts'
import { must, run } from './run.ts'

let jobs = 1_000_000

/** Two namespaces of their own, number 0 and 1, made by the addon and gone afterwards; `ip` and `nft` are the witnesses. */
export class Spaces implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cnm-spaces-'))
  readonly paths = [join(this.folder, 'a'), join(this.folder, 'b')] as const
  readonly netns: readonly Netns[] = this.paths.map((path) => addon().Netns.at(path))

  static async open(): Promise<Spaces> {
    const spaces = new Spaces()
    await spaces.do({ op: 'netns.add' }, { op: 'netns.add', at: 1 })
    return spaces
  }

  apply(...ops: Op[]): Promise<Outcome> {
    return addon().apply(this.netns, ops, jobs++)
  }

  /** apply(), and a refusal is an error. */
  async do(...ops: Op[]): Promise<Outcome> {
    const outcome = await this.apply(...ops)
    if (outcome.refusal) throw new Error(`refused: ${JSON.stringify(outcome.refusal)}`)
    return outcome
  }

  /** What the witness prints in namespace number `at`, from JSON. */
  look(at: number, ...argv: string[]): any {
    return JSON.parse(must(argv, { netns: this.paths[at] ?? '' }) || '[]')
  }

  /** The link called `name`, as `ip -d link show` sees it; undefined when there is none. */
  link(at: number, name: string): any {
    const { status, stdout } = run(['ip', '-d', '-j', 'link', 'show', 'dev', name], { netns: this.paths[at] ?? '' })
    return status === 0 ? JSON.parse(stdout)[0] : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.apply({ op: 'netns.del' })
    await this.apply({ op: 'netns.del', at: 1 })
    for (const netns of this.netns) netns.close()
    rmSync(this.folder, { recursive: true })
  }
}
