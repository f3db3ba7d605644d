#!/usr/bin/env node
// Refuses an addon that asks the system for more than Node.js itself does: newer symbols, or other libraries.
import { execFileSync } from 'node:child_process'

/** RHEL 8's, the oldest that Node.js 20 runs on: glibc 2.28, GCC 8. */
const FLOOR = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '8.0.0' }
/** All of them are Node's own needs. */
const LIBRARIES = /^(lib(c|m|dl|pthread|stdc\+\+|gcc_s)\.so\.\d+|ld-linux-[\w-]+\.so\.\d+)$/

const readelf = (...argv) => execFileSync('readelf', ['--wide', ...argv], { encoding: 'utf8' })

/** Negative when version `a` is older than `b`: '2.4' is older than '2.28'. */
function order(a, b) {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  const at = left.findIndex((part, place) => part !== (right[place] ?? 0))
  return at < 0 ? left.length - right.length : left[at] - (right[at] ?? 0)
}

const [file] = process.argv.slice(2)
const symbols = [...readelf('--dyn-syms', file).matchAll(/\bUND (\S+?)@+(\w+?)_([\d.]+)\b/g)].map(([, name, set, version]) => ({
  name,
  set,
  version,
}))
const newest = Object.keys(FLOOR).map((set) => {
  const versions = symbols.filter((symbol) => symbol.set === set).map(({ version }) => version)
  return versions.length > 0 ? `${set}_${versions.sort(order).at(-1)}` : `no ${set}`
})
const complaints = [
  ...symbols
    .filter(({ set, version }) => !(set in FLOOR) || order(version, FLOOR[set]) > 0)
    .map(({ name, set, version }) => `${name} of ${set}_${version}: newer than ${FLOOR[set] ?? 'known'}, see native/portable`),
  ...[...readelf('--dynamic', file).matchAll(/\(NEEDED\).*\[(.+)\]/g)]
    .filter(([, library]) => !LIBRARIES.test(library))
    .map(([, library]) => `${library}: not on every system, link it into the addon`),
  // A symbol without a version is nobody's but Node's.
  ...[...readelf('--dyn-syms', file).matchAll(/\bGLOBAL\s+\w+\s+UND (\w+)$/gm)]
    .filter(([, name]) => !/^(napi|node_api|uv)_/.test(name))
    .map(([, name]) => `${name}: found nowhere`),
]
console.error(`${file}: ${newest.join(', ')}`)
for (const complaint of complaints) console.error(`  ${complaint}`)
process.exit(complaints.length > 0 ? 1 : 0)
