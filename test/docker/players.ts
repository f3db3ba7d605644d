import { CNM } from '../support/command.ts'
import { type Ran, start } from '../support/run.ts'
import { DOCKER_ENV, startDockerd } from './dockerd.ts'
import type { Island } from './island.ts'
import { Program } from './program.ts'

const CNM_ENV = { ...process.env, CNM_ROOT: '/run/cnm-state', CNM_RUN: '/run/cnm' }

/** Somebody who makes sandboxes that do nothing. */
interface Starter {
  start(name: string, flags: readonly string[]): Promise<Ran>
  stop(name: string): Promise<Ran>
}

/** docker(1), whoever answers it. */
export interface Docker extends Starter {
  docker(argv: readonly string[]): Promise<Ran>
}

/** A command line with Docker's verbs. */
export interface Player extends Starter {
  readonly island: Island
  network(argv: readonly string[]): Promise<Ran>
  inspect(name: string, template: string): Promise<Ran>
}

export async function docker(island: Island, flags: readonly string[] = []): Promise<Player & Docker> {
  await startDockerd(island, { flags })
  const run = (...argv: readonly string[]) => island.run(['/usr/bin/docker', ...argv], DOCKER_ENV)
  return {
    island,
    docker: (argv) => run(...argv),
    network: (argv) => run('network', ...argv),
    async start(name, options) {
      const created = await run('create', '--name', name, ...options, 'tiny')
      if (created.status !== 0) return created
      const started = await run('start', name)
      if (started.status !== 0) await run('rm', name)
      return { ...started, stdout: started.status === 0 ? created.stdout : '' }
    },
    stop: (name) => run('rm', '--force', name),
    inspect: (name, template) => run('inspect', '--format', template, name),
  }
}

export async function cnm(island: Island): Promise<Player> {
  const program = new Program(island, 'cnm.mjs', { env: CNM_ENV })
  const run = (...argv: readonly string[]) => program.ask<Ran>(argv)
  return {
    island,
    network: (argv) => run('network', ...argv),
    start: (name, flags) => run('sandbox', 'create', '--name', name, ...flags),
    stop: (name) => run('sandbox', 'rm', name),
    inspect: (name, template) => run('sandbox', 'inspect', '--format', template, name),
  }
}

/** docker(1) with `cnm serve` behind it, which sandboxes are made by too. It ends with the island. */
export async function served(island: Island): Promise<Docker> {
  await start(island.there([process.execPath, CNM, 'serve', '--no-plugins']), { env: CNM_ENV })
  const { start: create, stop } = await cnm(island)
  const env = { ...DOCKER_ENV, DOCKER_HOST: 'unix:///run/cnm/cnm.sock' }
  return { docker: (argv) => island.run(['/usr/bin/docker', ...argv], env), start: create, stop }
}
