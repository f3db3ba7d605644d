import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { CnmError, fault } from '../../model/errors.ts'
import { librariesOf, libraryNamed } from './libraries.ts'
import { type Bundle, manifestOf, NODE, PROGRAM } from './manifest.ts'
import { closureOf, type Package, packageOf } from './packages.ts'

/** What the addon loads when it is first asked for rules, and so names nowhere. */
const LOADED_LATER = 'libnftables.so.1'

/** Of our own package: what runs. The addon is in one of the last two. */
const OURS = ['package.json', 'dist', 'native/load.cjs', 'build/Release/cnm.node', `prebuilds/linux-${process.arch}`]

/**
 * Makes a folder that `docker plugin create` takes: config.json, and rootfs with Node.js, this package, what it needs, and the
 * system's libraries. `main` is the program's file, in this package. Throws BUNDLE_EXISTS, BUNDLE_INCOMPLETE, BUNDLE_REFUSED; then
 * nothing is made.
 */
export async function makeBundle(folder: string, main: string, bundle: Bundle = 'bridge'): Promise<void> {
  const made: string[] = []
  try {
    make(folder, made)
    const manifest = manifestOf(await fill(join(folder, 'rootfs'), main), bundle)
    writeFileSync(join(folder, 'config.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  } catch (error) {
    if (made[0] === folder) rmSync(folder, { recursive: true, force: true })
    // Somebody else may have put something there meanwhile.
    for (const each of made) if (existsSync(each) && readdirSync(each).length === 0) rmdirSync(each)
    if (error instanceof CnmError) throw error
    throw fault('BUNDLE_REFUSED', { path: folder, reason: (error as Error).message }, error)
  }
}

/** Makes a folder that is not there, and those above it that are missing; `made` gets each, the lowest first. */
function make(folder: string, made: string[]): void {
  if (lstatSync(folder, { throwIfNoEntry: false })) throw fault('BUNDLE_EXISTS', { path: folder })
  const missing: string[] = []
  for (let above = folder; !existsSync(above); above = dirname(above)) missing.push(above)
  for (const each of missing.toReversed()) {
    mkdirSync(each)
    made.unshift(each)
  }
}

/** Answers with where the program is in it. */
async function fill(rootfs: string, main: string): Promise<string> {
  const own = packageOf(main, 'libcnm')
  const packages = closureOf(own)
  const home = homeOf(packages)
  const inside = (path: string) => join(PROGRAM, relative(home, path))
  for (const each of packages) {
    const parts = each === own ? OURS : readdirSync(each.folder).filter((name) => name !== 'node_modules')
    for (const part of parts) copy(join(each.folder, part), join(rootfs, inside(each.folder), part))
  }
  copy(process.execPath, join(rootfs, NODE))
  const later = await libraryNamed(LOADED_LATER)
  const libraries = await librariesOf([process.execPath, later, ...addonsIn(join(rootfs, PROGRAM))])
  for (const library of [later, ...libraries]) copy(library, join(rootfs, library))
  // What a container mounts over.
  for (const empty of ['dev', 'etc', 'proc', 'run/docker/plugins', 'sys', 'tmp', 'var/lib/cnm', 'host/proc/sys/net', 'host/tls'])
    mkdirSync(join(rootfs, empty), { recursive: true })
  return inside(main)
}

/** The folder that all packages are in. */
function homeOf(packages: readonly Package[]): string {
  const within = (home: string): boolean => packages.every(({ folder }) => `${folder}${sep}`.startsWith(`${home}${sep}`))
  let home = packages[0]?.folder ?? ''
  while (!within(home)) home = dirname(home)
  return home
}

/** What links to it is not copied, but it. Nothing when it is not there. */
function copy(from: string, to: string): void {
  if (!existsSync(from)) return
  mkdirSync(dirname(to), { recursive: true })
  cpSync(realpathSync(from), to, { recursive: true, dereference: true })
}

/** Those for another C library than this system's are never loaded. */
const addonsIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.node') && !path.includes('musl'))
    .map((path) => join(folder, path))
