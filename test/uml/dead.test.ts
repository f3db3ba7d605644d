import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const BOOT = fileURLToPath(new URL('boot.sh', import.meta.url))

/** Processes whose command line has a word. */
const having = (word: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word)
    } catch {
      return false
    }
  })

it('a guest that is killed at any moment leaves no process', async () => {
  const mark = `86400.${process.pid}`
  const guest = spawn(BOOT, ['sleep', mark], { stdio: ['ignore', 'pipe', 'pipe'] })
  // Its kernel has said something: it is there.
  await once(guest.stderr, 'data')
  expect(having(mark)).not.toEqual([])
  guest.kill('SIGKILL')
  // All that could write to it have ended.
  await once(guest, 'close')
  await expect.poll(() => having(mark)).toEqual([])
})
