import { readFileSync } from 'node:fs'
import type { Sandbox } from '../../model/network.ts'

type Owner = NonNullable<Sandbox['owner']>

/** A process, told from a later one with the same number by the time it was started. */
export const ownerOf = (pid: number): Owner => ({ pid, started: startOf(pid) ?? '' })

export const isAlive = ({ pid, started }: Owner): boolean => startOf(pid) === started

/** Field 22 of /proc/PID/stat; the name in field 2 may hold anything, so count from its closing bracket. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
