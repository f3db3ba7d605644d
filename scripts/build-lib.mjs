// lib/ as ESM and as CommonJS, each with its types: dist/esm and dist/cjs; and the command, in as few files as what it does one day
// and not another allows: dist/cli. They take the place of the old ones when all are whole, so nobody who runs from dist/ meets half
// a build.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'

const require = createRequire(import.meta.url)
const root = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '..')
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

const dist = join(root, 'dist')
const fresh = join(root, 'build', `dist-${process.pid}`)
for (const [format, type] of [
  ['esm', 'module'],
  ['cjs', 'commonjs'],
]) {
  const out = join(fresh, format)
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'scripts', `tsconfig.${format}.json`), '--outDir', out], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  mkdirSync(join(out, 'native'), { recursive: true })
  // A package.json ends the reach of the one above it, so #addon is said again.
  writeFileSync(join(out, 'package.json'), `${JSON.stringify({ type, imports: { '#addon': './native/load.cjs' } })}\n`)
  copyFileSync(join(root, 'native', 'load.cjs'), join(out, 'native', 'load.cjs'))
  copyFileSync(join(root, 'binding.d.ts'), join(out, 'binding.d.ts'))
  cpSync(join(root, 'binding'), join(out, 'binding'), { recursive: true, filter: (file) => !file.endsWith('.md') })
}

// A hundred small files are most of what a short command takes; and Node.js reads CommonJS sooner than ESM.
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const command = await rolldown({
  input: join(root, 'lib', 'cli', 'main.ts'),
  platform: 'node',
  external: ['#addon', ...Object.keys(manifest.dependencies).map((name) => new RegExp(`^${name}(/|$)`))],
  transform: { target: 'node20' },
})
const names = { entryFileNames: '[name].cjs', chunkFileNames: '[name].cjs' }
await command.write({ dir: join(fresh, 'cli'), format: 'cjs', dynamicImportInCjs: false, ...names })
await command.close()
chmodSync(join(fresh, 'cli', 'main.cjs'), 0o755)
rmSync(dist, { recursive: true, force: true })
renameSync(fresh, dist)
