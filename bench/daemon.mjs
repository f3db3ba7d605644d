// `cnm serve`, in a bench's namespace or another one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The program, for Node.js. */
export const CNM = fileURLToPath(new URL('../dist/cli/main.cjs', import.meta.url))

/** A daemon that owns two directories, in the namespace at a path; by default those of the bench. */
export async function daemon(bench, { root = join(bench.folder, 'root'), run = join(bench.folder, 'run'), path = bench.netns.path } = {}) {
  const argv = [`--net=${path}`, '--', process.execPath, CNM, 'serve', '--root', root, '--run', run, '--no-plugins']
  const child = spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  return {
    socket: join(run, 'cnm.sock'),
    async end() {
      child.kill()
      await ended
    },
  }
}
