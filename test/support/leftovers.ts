import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MS = 5000

/**
 * Of a whole run nothing may be left: no process that a test has started, no namespace, no mount, no file. Each process has the
 * run's mark in its environment, and its temporary files in the run's folder.
 */
export default function watch(): () => Promise<void> {
  const mark = randomUUID()
  const folder = mkdtempSync(join(tmpdir(), 'cnm-run-'))
  process.env['CNM_TEST_RUN'] = mark
  process.env['TMPDIR'] = folder
  return async () => {
    const deadline = performance.now() + PATIENCE_MS
    let left = leftOf(mark, folder)
    // Who was sent SIGKILL takes a moment.
    while (left.length > 0 && performance.now() < deadline) {
      await pause(100)
      left = leftOf(mark, folder)
    }
    if (left.length > 0) {
      // vitest would only mention it.
      process.exitCode = 1
      throw new Error(`the tests have left behind:\n${left.join('\n')}`)
    }
    rmdirSync(folder)
  }
}

const leftOf = (mark: string, folder: string): readonly string[] => [
  ...processes(mark).map((one) => `process ${one}`),
  ...namespaces().map((one) => `network namespace ${one}`),
  ...mounts(folder).map((one) => `mount ${one}`),
  ...readdirSync(folder).map((one) => `file ${folder}/${one}`),
]

/** Those of vitest itself end later. */
const isOfVitest = (command: string): boolean => /node_modules\/vitest\//.test(command)

function processes(mark: string): readonly string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.flatMap((id) => {
    if (!textOf(`/proc/${id}/environ`).includes(`CNM_TEST_RUN=${mark}`)) return []
    const command = textOf(`/proc/${id}/cmdline`).replaceAll('\0', ' ').trim()
    return command === '' || isOfVitest(command) ? [] : [`${id} ${command}`]
  })
}

/** Named after the process that made them. */
function namespaces(): readonly string[] {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : []
  return names.filter((name) => {
    const [, maker] = /^cnm[a-z]+(\d+)/.exec(name) ?? []
    return maker !== undefined && !existsSync(`/proc/${maker}`)
  })
}

const mounts = (folder: string): readonly string[] =>
  textOf('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))

/** '' of what is no more. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
