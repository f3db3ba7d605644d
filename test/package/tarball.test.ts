import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { must } from '../support/run.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
let files: readonly string[]

beforeAll(() => {
  // npm speaks of the caller's folder.
  const [tarball] = JSON.parse(must(['npm', 'pack', '--dry-run', '--json', '--ignore-scripts', ROOT]))
  files = tarball.files.map(({ path }: { path: string }) => path)
})

const beginning = (start: string): readonly string[] => files.filter((file) => file.startsWith(start))

describe('the tarball', () => {
  it('has what is imported and run', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'bin/cnm',
        'dist/esm/lib/index.js',
        'dist/esm/lib/index.d.ts',
        'dist/cli/main.cjs',
        'dist/esm/native/load.cjs',
        'dist/cjs/lib/index.js',
        'dist/cjs/lib/index.d.ts',
        'dist/cjs/native/load.cjs',
      ]),
    )
  })

  it('has what it takes to link the addon with another libnl', () => {
    const recipe = ['prebuild.sh', 'libnl.sh', 'cmake-js.mjs', 'arm64.cmake', 'floor.mjs'].map((file) => `scripts/prebuild/${file}`)
    const sources = Array.from(readFileSync(`${ROOT}/CMakeLists.txt`, 'utf8').matchAll(/native\/\S+\.(?:cc|h)\b/g), ([source]) => source)
    expect(sources.length).toBeGreaterThan(20)
    expect(files).toEqual(
      expect.arrayContaining(['CMakeLists.txt', 'scripts/common.sh', ...recipe, ...sources, 'docs/licences.md', 'LICENSES/LGPL-2.1.txt']),
    )
  })

  it('has nothing else', () => {
    const folders = ['bin/', 'binding/', 'dist/', 'prebuilds/', 'native/', 'scripts/prebuild/', 'docs/', 'systemd/', 'LICENSES/']
    const rest = files.filter((file) => !folders.some((folder) => file.startsWith(folder)))
    expect([...rest].sort()).toEqual([
      'CHANGELOG.md',
      'CMakeLists.txt',
      'LICENSE',
      'README.md',
      'binding.d.ts',
      'package.json',
      'scripts/common.sh',
    ])
    // The command is there once.
    expect(beginning('dist/esm/lib/cli/')).toEqual([])
    expect(beginning('dist/').filter((file) => !/\.(js|cjs|d\.ts)$|\/package\.json$/.test(file))).toEqual([])
    expect(
      beginning('prebuilds/').filter(
        (file) => !/^prebuilds\/(linux-(x64|arm64)\/(libcnm\.glibc\.node|cnm-client)|source\/libnl3_.*)$/.test(file),
      ),
    ).toEqual([])
  })

  it('runs nothing when it is installed, and is installed everywhere', () => {
    const { scripts, os, cpu, libc } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'))
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$|^(pre|post)?prepare$/.test(name))).toEqual([])
    expect({ os, cpu, libc }).toEqual({})
    // npm would call node-gyp by itself for this one.
    expect(files).not.toContain('binding.gyp')
  })
})
