// lib/ as ESM and as CommonJS, each with its types: dist/esm and dist/cjs.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const root = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '..')
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

rmSync(join(root, 'dist'), { recursive: true, force: true })
for (const [format, type] of [
  ['esm', 'module'],
  ['cjs', 'commonjs'],
]) {
  const out = join(root, 'dist', format)
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'scripts', `tsconfig.${format}.json`)], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'package.json'), `${JSON.stringify({ type })}\n`)
  copyFileSync(join(root, 'binding.d.ts'), join(out, 'binding.d.ts'))
}
chmodSync(join(root, 'dist', 'esm', 'lib', 'cli', 'main.js'), 0o755)
