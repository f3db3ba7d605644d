import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { must, type Ran, run } from './run.ts'

/** A root directory with what is put there and nothing else: no shell, no compiler, no libraries but those that are needed. */
export class Root implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cnm-root-'))

  constructor() {
    for (const name of ['proc', 'tmp', 'run', 'var/lib']) mkdirSync(join(this.folder, name), { recursive: true })
  }

  copy(file: string, as: string = file): void {
    mkdirSync(dirname(join(this.folder, as)), { recursive: true })
    cpSync(file, join(this.folder, as), { dereference: true, recursive: true })
  }

  /** A program or library of this machine, with all that it is linked with. */
  copyLinked(file: string, as: string = file): void {
    this.copy(file, as)
    for (const [, library = ''] of must(['ldd', file]).matchAll(/^\t(?:\S+ => )?(\/\S+) \(/gm)) this.copy(library)
  }

  /** A package and what it depends on, as npm installs them for a machine of this kind without running anything. */
  install(tarball: string, cpu: string): void {
    const target = ['--os=linux', `--cpu=${cpu}`, '--libc=glibc']
    must(['npm', 'install', '--prefix', this.folder, '--ignore-scripts', '--no-audit', '--no-fund', ...target, tarball])
  }

  /** Every file in it, from its top. */
  files(): readonly string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
  }

  /** Runs a program of this root in it, with a /proc of its own; what it leaves running ends with it. */
  run(argv: readonly string[], { netns, env }: { netns: string; env?: NodeJS.ProcessEnv }): Ran {
    const enter = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', `--root=${this.folder}`]
    return run([...enter, ...argv], { netns, env: { PATH: process.env['PATH'], ...env } })
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}
