import { spawn } from 'node:child_process'
import type { Island } from './island.ts'

/** A ping every 20 ms from a namespace of an island to an address; ended, it tells how many of them were answered. */
export function pulse(
  island: Island,
  netns: string,
  address: string,
): { end(): Promise<{ readonly sent: number; readonly answered: number }> } {
  // Which ends, and sums up, when its standard input does.
  const script = 'ping -n -i 0.02 -W 5 "$0" & read -r _; kill -INT $!; wait'
  const [command = '', ...argv] = island.there(['nsenter', `--net=${netns}`, '--', 'sh', '-c', script, address])
  const child = spawn(command, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  return {
    async end() {
      child.stdin.end()
      const text = (await child.stdout.setEncoding('utf8').toArray()).join('')
      const [, sent, answered] = /^(\d+) packets transmitted, (\d+) received/m.exec(text) ?? []
      return { sent: Number(sent), answered: Number(answered) }
    },
  }
}
