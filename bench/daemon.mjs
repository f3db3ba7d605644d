// `cnm serve`, in a bench's namespace.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The program, for Node.js. */
export const CNM = fileURLToPath(new URL('../dist/cli/main.cjs', import.meta.url))

/** A daemon that owns two directories; by default those of the bench. */
export async function daemon(bench, { root, run } = { root: join(bench.folder, 'root'), run: join(bench.folder, 'run') }) {
  const argv = ['netns', 'exec', bench.name, process.execPath, CNM, 'serve', '--root', root, '--run', run, '--no-plugins']
  const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
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
