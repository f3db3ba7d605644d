import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Need, needy } from '../support/elf.ts'
import { run } from '../support/run.ts'

const LIBRARY = pathToFileURL(fileURLToPath(new URL('../../dist/esm/lib/index.js', import.meta.url))).href
const BUILD = 'build it in a checkout: npm run build:native'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-load-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Where node-gyp-build looks for the addon instead of the package. */
const addons = (): string => join(folder, 'addons')

/** A system as its programs see it: Node's name of it, and what decides which addon is looked for. */
interface System {
  readonly platform?: string
  readonly env?: NodeJS.ProcessEnv
}

/** What open() is refused with in a program that could import the library. */
function refusal({ platform = 'linux', env = {} }: System = {}): unknown {
  const program = join(folder, 'program.mjs')
  const directories = { root: join(folder, 'root'), run: join(folder, 'run') }
  writeFileSync(
    program,
    `Object.defineProperty(process, 'platform', { value: '${platform}' })
     Object.assign(process.env, ${JSON.stringify({ ...env, npm_config_platform: platform, LIBCNM_PREBUILD: addons() })})
     const { open } = await import(${JSON.stringify(LIBRARY)})
     const { code, message, remedy } = await open(${JSON.stringify(directories)}).catch((error) => error)
     console.log(JSON.stringify({ code, message, remedy }))`,
  )
  const { stdout, stderr } = run([process.execPath, program])
  expect(stderr).toBe('')
  expect(existsSync(directories.root)).toBe(false)
  expect(existsSync(directories.run)).toBe(false)
  return JSON.parse(stdout)
}

describe('on another system', () => {
  it.each(['darwin', 'win32'])('%s: it is imported, and its use is refused', (platform) => {
    expect(refusal({ platform })).toEqual({
      code: 'UNSUPPORTED_PLATFORM',
      message: `libcnm needs Linux; this is ${platform}`,
      remedy: '',
    })
  })

  it.each([{ npm_config_arch: 'riscv64' }, { LIBC: 'musl' }])('no addon for %o: the error says for what there is one', (env) => {
    expect(refusal({ env })).toEqual({
      code: 'ADDON_MISSING',
      message: expect.stringMatching(/^the native part of libcnm cannot be loaded: No native build was found for platform=linux /),
      remedy: `prebuilt for Linux on x64 and arm64 with glibc; elsewhere ${BUILD}`,
    })
  })
})

describe('an addon that the dynamic linker refuses', () => {
  const refusalOf = (need: Need): unknown => {
    const file = join(addons(), 'build/Release/cnm.node')
    mkdirSync(dirname(file), { recursive: true })
    needy(folder, file, need)
    return refusal()
  }

  it('for want of libnl: the error names the package', () => {
    expect(refusalOf({ library: 'libnl-3.so.999' })).toEqual({
      code: 'ADDON_MISSING',
      message: expect.stringMatching(/cannot be loaded: libnl-3\.so\.999: cannot open shared object file/),
      remedy: 'libnl-3.so.999 is in the package libnl-3-200: apt install libnl-3-200',
    })
  })

  it.each([
    { library: 'libc.so.6', version: 'GLIBC_2.99', named: 'glibc 2.99' },
    { library: 'libstdc++.so.6', version: 'GLIBCXX_3.4.99', named: "libstdc++'s GLIBCXX 3.4.99" },
  ])('for want of $version: the error names it', ({ named, ...need }) => {
    expect(refusalOf(need)).toEqual({
      code: 'ADDON_MISSING',
      message: expect.stringContaining(`version \`${need.version}' not found`),
      remedy: `this binary needs ${named} or newer; for an older system ${BUILD}`,
    })
  })
})

it('an lmdb that cannot be loaded does not matter until a store is opened', () => {
  const hooks = `export const resolve = (name, context, next) => {
    if (name === 'lmdb') throw new Error('No native build was found for runtime=node')
    return next(name, context)
  }`
  const program = join(folder, 'program.mjs')
  writeFileSync(
    program,
    `import { register } from 'node:module'
     register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))
     const { open } = await import(${JSON.stringify(LIBRARY)})
     const { code, message, remedy } = await open({ root: 'root', run: 'run' }).catch((error) => error)
     console.log(JSON.stringify({ code, message, remedy }))`,
  )
  const { stdout, stderr } = run(['env', '-C', folder, process.execPath, program])
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    code: 'STORE_MISSING',
    message: 'lmdb, which keeps the state, cannot be loaded: No native build was found for runtime=node',
    remedy: 'it is prebuilt for Linux on x64, arm64 and arm; elsewhere: npm rebuild lmdb',
  })
})
