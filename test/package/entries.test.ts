import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../support/run.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
let folder: string

/** A program of somebody else's, that has libcnm among its packages. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-entries-'))
  for (const name of ['@types/node', 'undici-types'])
    cpSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
  symlinkSync(ROOT, join(folder, 'node_modules/libcnm'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const PROGRAM = `
  const check = async () => {
    const failure = await open({ root: '/proc/nowhere', run: '/proc/nowhere' }).catch((error) => error)
    if (!(failure instanceof CnmError)) throw failure
    console.log(failure.code, typeof Controller)
  }
  check()
`

describe('the package', () => {
  it('is imported as ESM', () => {
    const file = write('program.mjs', `import { CnmError, Controller, open } from 'libcnm'\n${PROGRAM}`)
    expect(run([process.execPath, file])).toMatchObject({ status: 0, stdout: 'STATE_UNWRITABLE function\n' })
  })

  it('is required as CommonJS', () => {
    const file = write('program.cjs', `const { CnmError, Controller, open } = require('libcnm')\n${PROGRAM}`)
    expect(run([process.execPath, file])).toMatchObject({ status: 0, stdout: 'STATE_UNWRITABLE function\n' })
  })

  it.each(['program.mts', 'program.cts'])('has types for %s', (name) => {
    const file = write(
      name,
      `import { open, type Network, type NetworkDriver } from 'libcnm'
       export async function names(signal: AbortSignal): Promise<string[]> {
         await using cnm = await open({ root: '/tmp/a', run: '/tmp/b' })
         const network: Network = await cnm.createNetwork({ name: 'web' }, { signal })
         // @ts-expect-error: an id is text
         const wrong: number = network.id
         return [String(wrong), ...cnm.networks().map(({ name }) => name)]
       }
       export const driver: NetworkDriver | null = null
      `,
    )
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2022,esnext.disposable',
      '--types',
      'node',
    ]
    expect(run([process.execPath, tsc, ...options, file])).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})
