import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What speaks of the kernel's state, whichever room keeps it. The state directory may be the same. */
const ENDS_WITH_BOOT = ['live.mdb', 'live.mdb-lock', 'netns', 'events.jsonl', 'events.old.jsonl']

/**
 * Empties a run directory that was last used before this boot: on a disk its records outlive the links they speak of, and were
 * never synced.
 */
export function forgetOtherBoots(run: string): void {
  const path = join(run, 'boot')
  const now = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
  const then = writtenIn(path)
  if (then === now) return
  if (then !== '') for (const name of ENDS_WITH_BOOT) rmSync(join(run, name), { recursive: true, force: true })
  writeFileSync(path, now, { mode: 0o600 })
}

/** '' where there is no such file. */
function writtenIn(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
