import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fault } from '../../model/errors.ts'

interface Manifest {
  readonly name?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** A package that is installed here. */
export interface Package {
  readonly name: string
  readonly folder: string
}

/** The package that a file belongs to: its manifest lies some folders up, past those that have no name. */
export function packageOf(file: string, wanted: string): Package {
  const folder = dirname(file)
  if (folder === file) throw fault('BUNDLE_INCOMPLETE', { what: `the package ${wanted}` })
  return manifestIn(folder).name === wanted ? { name: wanted, folder } : packageOf(folder, wanted)
}

/** A package and all that it needs to run, as Node.js would find them. */
export function closureOf(root: Package): readonly Package[] {
  const found = new Map([[root.folder, root]])
  const visit = ({ folder }: Package) => {
    const { dependencies = {}, optionalDependencies = {} } = manifestIn(folder)
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(name, folder)
      if (!place && !(name in optionalDependencies)) throw fault('BUNDLE_INCOMPLETE', { what: `the package ${name}` })
      if (!place || found.has(place)) continue
      const next = { name, folder: place }
      found.set(place, next)
      visit(next)
    }
  }
  visit(root)
  return [...found.values()]
}

/** Node.js looks in the folder's node_modules, then in those above it. */
function placeOf(name: string, from: string): string | undefined {
  const place = join(from, 'node_modules', name)
  if (existsSync(join(place, 'package.json'))) return place
  return dirname(from) === from ? undefined : placeOf(name, dirname(from))
}

function manifestIn(folder: string): Manifest {
  const path = join(folder, 'package.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}
