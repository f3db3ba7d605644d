import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The import table of ARCHITECTURE.md: room → what it may import, and what stands against the rest. */
const ROOMS: Readonly<Record<string, { readonly may: readonly string[]; readonly because: string }>> = {
  model: { may: ['binding.d.ts', 're2js'], because: 'it is the ground: anything here is everywhere' },
  netlink: { may: ['model', 'binding.d.ts', '#addon'], because: 'it touches the kernel and must not know what a network is' },
  store: { may: ['model', 'lmdb'], because: 'it keeps records, it does not interpret them' },
  cluster: { may: ['model'], because: 'it says what nodes agree on, and does nothing about it on any of them' },
  ipam: { may: ['model'], because: 'it is arithmetic; its records are kept by the controller' },
  firewall: { may: ['model'], because: 'it writes rules as ops, it does not send them' },
  drivers: { may: ['model'], because: 'a driver plans: it neither addresses nor applies' },
  controller: {
    may: ['model', 'netlink', 'store', 'cluster', 'ipam', 'firewall', 'drivers', 'plugins'],
    because: 'it is the only place where rooms meet, and it knows no door',
  },
  plugins: { may: ['model'], because: 'it asks others and checks what they answer; what is made of it is not its business' },
  server: {
    may: ['model', 'controller', 'fastify', '@fastify/ajv-compiler', '@sinclair/typebox', '@sinclair/typebox/value'],
    because: 'a door reads untrusted text and decides nothing',
  },
  cli: {
    may: ['model', 'controller', 'plugins', 'server', 'commander', 'yaml'],
    because: 'a door reads untrusted text and decides nothing',
  },
}

const files = (folder: string, pattern: RegExp): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => pattern.test(name) && statSync(join(ROOT, name)).isFile())

const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** Where an import leads: a room, binding.d.ts, a package; null for Node's own modules. */
function destination(file: string, specifier: string): string | null {
  if (specifier.startsWith('node:')) return null
  if (!specifier.startsWith('.')) return specifier
  const target = relative(ROOT, join(ROOT, dirname(file), specifier))
  return target.startsWith('lib/') ? (target.split('/')[1] ?? '') : target
}

describe('lib', () => {
  it.each(Object.entries(ROOMS))('%s imports only what it may', (room, { may, because }) => {
    const sources = files(`lib/${room}`, /\.ts$/)
    expect(sources.length).toBeGreaterThan(0)
    const strays = sources.flatMap((file) =>
      Array.from(
        text(file).matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'/gms),
        (match) => match[1] ?? match[2] ?? '',
      )
        .map((specifier) => destination(file, specifier))
        .filter((target) => target !== null && target !== room && !may.includes(target))
        .map((target) => `${file} imports ${target}: ${because}`),
    )
    expect(strays).toEqual([])
  })

  it('has no room that the table does not know', () => {
    const rooms = readdirSync(join(ROOT, 'lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(rooms.map(({ name }) => name).sort()).toEqual(Object.keys(ROOMS).sort())
  })

  it('has no circle of files that need one another, types aside', () => {
    const onlyTypes = (names: string): boolean => /^ type\b/.test(names) || /^ \{(\s*type [^,]+,?)+\s*\}\s*$/.test(names)
    const needs = (file: string): readonly string[] =>
      [...text(file).matchAll(/^(?:import|export)( [^'"]*?)from '(\.[^']+)'/gms)]
        .filter(([, names = '']) => !onlyTypes(names))
        .map(([, , specifier = '']) => relative(ROOT, join(ROOT, dirname(file), specifier)))
    const left = new Map(files('lib', /\.ts$/).map((file) => [file, needs(file)]))
    expect(left.size).toBeGreaterThan(0)
    for (let before = 0; before !== left.size; ) {
      before = left.size
      for (const [file, needed] of left) if (!needed.some((other) => left.has(other))) left.delete(file)
    }
    // Those in circles, and those that need them.
    expect([...left.keys()]).toEqual([])
  })

  it.each(['lib/index.ts', 'lib/netlink/index.ts', 'lib/server/index.ts'])(
    'is reached from outside through %s, which only passes on',
    (entry) => {
      const lines = text(entry).replace(/^export (type )?(\*|\{[^}]*\}) from '[^']+'$/gms, '')
      expect(lines.trim()).toBe('')
    },
  )
})

describe('native', () => {
  const includes = (file: string): readonly string[] =>
    Array.from(text(file).matchAll(/^#include [<"]([^>"]+)[>"]/gm), (match) => match[1] ?? '')

  it('kernel knows neither Node nor uv: it is testable without them', () => {
    const sources = files('native/kernel', /\.(cc|h)$/)
    expect(sources.length).toBeGreaterThan(0)
    expect(sources.flatMap((file) => includes(file).filter((name) => /napi|node_api|uv\.h/.test(name)))).toEqual([])
  })

  it('js makes no system call and speaks no netlink', () => {
    const sources = files('native/js', /\.(cc|h)$/)
    expect(sources.length).toBeGreaterThan(0)
    const foreign = /^(netlink|linux|sys|net|arpa|netinet)\/|^(unistd|fcntl|sched|dlfcn)\.h$/
    expect(sources.flatMap((file) => includes(file).filter((name) => foreign.test(name)))).toEqual([])
  })

  it('client has nothing of the addon', () => {
    const sources = files('native/client', /\.(cc|h)$/)
    expect(sources.length).toBeGreaterThan(0)
    expect(sources.flatMap((file) => includes(file).filter((name) => /^(kernel|js|facts|netlink|napi|node)/.test(name)))).toEqual([])
  })

  it('exports exactly what binding.d.ts declares', async () => {
    const declared = Array.from(text('binding.d.ts').matchAll(/^export (?:const|class|function) (\w+)/gm), (match) => match[1])
    const { default: addon } = await import('#addon')
    expect(Object.keys(addon).sort()).toEqual([...new Set(declared)].sort())
  })
})

describe('house', () => {
  const folders = ['lib', 'native'].flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name))),
  )

  it.each(folders)('%s has a sign at its door, of ten lines at most', (folder) => {
    const sign = join(ROOT, folder, 'README.md')
    expect(existsSync(sign)).toBe(true)
    expect(readFileSync(sign, 'utf8').trim().split('\n').length).toBeLessThanOrEqual(10)
  })

  it('has no file beyond the wall of 400 lines', () => {
    const sources = [...files('lib', /\.ts$/), ...files('native', /\.(cc|h)$/), ...files('test', /\.(ts|mjs)$/)]
    expect(sources.filter((file) => text(file).split('\n').length > 400)).toEqual([])
  })

  it('tells of every room in ARCHITECTURE.md', () => {
    const description = text('ARCHITECTURE.md')
    expect(Object.keys(ROOMS).filter((room) => !description.includes(`lib/${room}`))).toEqual([])
  })
})
