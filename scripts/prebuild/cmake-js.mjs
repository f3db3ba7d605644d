#!/usr/bin/env node
// prebuildify calls node-gyp, in the folder that it is to build in. This answers in its place, with cmake-js.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js')
const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const arch = process.argv.find((argument) => argument.startsWith('--arch='))?.slice('--arch='.length)
if (arch === undefined) throw new Error('called without --arch=')

const build = ['rebuild', '--directory', root, '--out', join(process.cwd(), 'build'), '--arch', arch, '--log-level', 'error']
const definitions = ['CNM_LIBNL=static', `CNM_LIBNL_PREFIX=${join(root, 'build', 'libnl', arch)}`]
if (arch !== process.arch) definitions.push(`CMAKE_TOOLCHAIN_FILE=${join(here, `${arch}.cmake`)}`)
const argv = [cmakeJs, ...build, ...definitions.map((definition) => `--CD${definition}`)]
process.exit(spawnSync(process.execPath, argv, { stdio: 'inherit' }).status ?? 1)
