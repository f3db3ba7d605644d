// What every bench has: a namespace, contenders that take turns, and a table of medians.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Netns } from '../dist/esm/lib/netlink/namespace.js'

/** What a program printed; it is to succeed. */
export function must(...argv) {
  const { status, stdout, stderr } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8', maxBuffer: 2 ** 31 - 1 })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  return stdout
}

export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

/** Of values that are sorted. */
export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]

export async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

let benches = 0

/** A namespace and a folder for one bench. */
class Bench {
  name = `cnmbench${process.pid}x${benches++}`
  folder = mkdtempSync(join(tmpdir(), 'cnm-bench-'))

  constructor() {
    must('ip', 'netns', 'add', this.name)
    this.netns = Netns.at(`/run/netns/${this.name}`)
  }

  /** Runs a program inside. */
  run(...argv) {
    return must('ip', 'netns', 'exec', this.name, ...argv)
  }

  /** The program of bench/NAME.c. */
  compile(name) {
    const program = join(this.folder, name)
    must('cc', '-O2', '-o', program, fileURLToPath(new URL(`${name}.c`, import.meta.url)))
    return program
  }

  end() {
    this.netns.close()
    must('ip', 'netns', 'del', this.name)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What `work` answers; of the bench that it got nothing is left. */
export async function withBench(work) {
  const bench = new Bench()
  try {
    return await work(bench)
  } finally {
    bench.end()
  }
}

/**
 * Lets contenders take turns, forth and back: what one leaves to the kernel's allocator is not always for the same one. Each is a
 * function that answers with milliseconds by what was measured, {add: 3.1}; null is one that is not installed. Rounds of warm-up
 * do not count. `settle`: a turn begins with one that does not count either. Memory that others have pushed out of the caches, or
 * that a hypervisor watches, costs whoever touches it first, up to 4 µs a page: the more, the more a contender keeps in memory.
 */
export async function contest({ bench, rounds, warmUp = 1, settle = false, contenders }) {
  const turns = Object.entries(contenders).map(([contender, run]) => ({ contender, run, samples: new Map() }))
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const { run, samples } of round % 2 === 0 ? turns : turns.toReversed()) {
      if (run && settle) await run()
      const measured = run ? await run() : {}
      if (round < warmUp) continue
      for (const [what, ms] of Object.entries(measured)) samples.set(what, [...(samples.get(what) ?? []), ms])
    }
  }
  const results = turns.flatMap(({ contender, samples }) =>
    [...samples].map(([what, all]) => ({ bench, what, contender, ms: median(all), min: Math.min(...all), max: Math.max(...all), rounds })),
  )
  const missing = Object.keys(contenders).filter((key) => !contenders[key])
  return [...results, ...missing.map((contender) => ({ bench, contender, missing: true }))].map((result) => ({
    ...result,
    ...ratioOf(result, results),
  }))
}

/** How many times as fast as this contender libcnm is. */
function ratioOf({ what, contender, ms }, results) {
  const ours = results.find((other) => other.contender === 'libcnm' && other.what === what)
  return ours && ms && contender !== 'libcnm' ? { ratio: ms / ours.ms } : {}
}

export function show(results) {
  const columns = [20, 12, 18, 10, 20, 10]
  const line = (cells) => console.log(cells.map((cell, i) => (i < 3 ? cell.padEnd(columns[i]) : cell.padStart(columns[i]))).join(''))
  line(['bench', 'what', 'contender', 'median ms', 'min–max', 'libcnm ×'])
  for (const { bench, what = '', contender, ms, min, max, ratio, missing, note } of results) {
    if (missing) line([bench, '', contender, 'not installed', '', ''])
    else if (note) line([bench, what, contender, note, '', ''])
    else line([bench, what, contender, ms.toFixed(1), `${min.toFixed(1)}–${max.toFixed(1)}`, ratio ? ratio.toFixed(2) : ''])
  }
}
