import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fault } from '../../model/errors.ts'

const run = async (command: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(command, args, { env: { ...process.env, LC_ALL: 'C' } })).stdout

/** The file of a library that is loaded by its name: where the loader's cache has it. Throws BUNDLE_INCOMPLETE. */
export async function libraryNamed(name: string): Promise<string> {
  const [, path] = new RegExp(`^\\s*${name} .*=> (\\S+)$`, 'm').exec(await run('/sbin/ldconfig', '-p')) ?? []
  if (!path) throw fault('BUNDLE_INCOMPLETE', { what: `the library ${name}` })
  return path
}

/** The libraries that programs and libraries need, and the loader. Throws BUNDLE_INCOMPLETE. */
export async function librariesOf(files: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(files.map((file) => run('ldd', file)))
  const missing = /^\s*(\S+) => not found$/m.exec(lists.join(''))
  if (missing) throw fault('BUNDLE_INCOMPLETE', { what: `the library ${missing[1]}` })
  // `NAME => PATH (0x…)`, and the loader: `PATH (0x…)`.
  const paths = lists.flatMap((list) => Array.from(list.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm), ([, path = '']) => path))
  return [...new Set(paths)]
}
