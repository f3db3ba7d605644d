import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import manifest from '../../package.json' with { type: 'json' }
import { DOOMED, PEER } from './built.ts'
import { must, run } from './run.ts'

const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Builds the library, when it was changed since, and what built.ts names. */
export default async function prepare(): Promise<void> {
  if (isStale()) must([process.execPath, 'scripts/build-lib.mjs'])
  mkdirSync(dirname(PEER), { recursive: true })
  const fresh = `${PEER}-${process.pid}`
  must(['cc', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread', '-o', fresh, source('peer.c')])
  renameSync(fresh, PEER)
  await bundle(source('doomed.ts'), dirname(DOOMED))
}

/** Something of lib/ is newer than what was made of it, as scripts/setup.sh asks. */
const isStale = (): boolean =>
  run(['find', 'lib', 'binding', 'binding.d.ts', '-newer', 'dist/esm/lib/index.js', '-print', '-quit']).stdout !== ''

/** A hundred files are most of what Node.js takes to start. */
async function bundle(input: string, folder: string): Promise<void> {
  const packages = Object.keys(manifest.dependencies).map((name) => new RegExp(`^${name}(/|$)`))
  const bundle = await rolldown({ input, platform: 'node', external: ['#addon', ...packages], transform: { target: 'node20' } })
  const names = { entryFileNames: '[name].cjs', chunkFileNames: 'doomed-[name].cjs' }
  const { output } = await bundle.generate({ format: 'cjs', dynamicImportInCjs: false, ...names })
  await bundle.close()
  for (const file of output) if (file.type === 'chunk') put(`${folder}/${file.fileName}`, file.code)
}

/** Whoever runs it meanwhile has it whole. */
function put(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  writeFileSync(`${path}-${process.pid}`, text)
  renameSync(`${path}-${process.pid}`, path)
}
