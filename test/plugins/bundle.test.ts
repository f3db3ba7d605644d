import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeBundle } from '../../lib/plugins/bundle/bundle.ts'
import { librariesOf, libraryNamed } from '../../lib/plugins/bundle/libraries.ts'
import { closureOf, packageOf } from '../../lib/plugins/bundle/packages.ts'
import { CNM } from '../cli/host.ts'
import { needy } from '../support/elf.ts'
import { must, run } from '../support/run.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-bundle-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An installed package, with what its manifest has besides a name. */
function install(place: string, more: object = {}): string {
  mkdirSync(join(folder, place), { recursive: true })
  writeFileSync(join(folder, place, 'package.json'), JSON.stringify({ name: place.split('/').at(-1), ...more }))
  return join(folder, place)
}

describe('cnm plugin bundle', () => {
  it('makes a root in which the program runs, with nothing of the system besides', () => {
    const bundle = join(folder, 'cnm')
    expect(run([process.execPath, CNM, 'plugin', 'bundle', bundle])).toEqual({ status: 0, stdout: `${bundle}\n`, stderr: '' })
    expect(readdirSync(bundle).sort()).toEqual(['config.json', 'rootfs'])
    const root = join(bundle, 'rootfs')
    const [, main] = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')).entrypoint
    const inside = ['unshare', '--net', '--mount', '--pid', '--fork', `--mount-proc=${root}/proc`, 'chroot', root, '/usr/bin/node', main]
    expect(run([...inside, 'network', 'ls', '--format', '{{.Name}}'], { env: { PATH: process.env['PATH'] } })).toEqual({
      status: 0,
      stdout: 'bridge\nhost\nnone\n',
      stderr: '',
    })
  })

  it('does not touch a folder that is there', () => {
    writeFileSync(join(folder, 'mine'), 'mine')
    expect(run([process.execPath, CNM, 'plugin', 'bundle', folder])).toEqual({
      status: 1,
      stdout: '',
      stderr: `${folder} is there already\nhint: name a new folder, or remove it\n`,
    })
    expect(readdirSync(folder)).toEqual(['mine'])
  })

  it('nor a link to a folder that is not there', async () => {
    symlinkSync('nowhere', join(folder, 'mine'))
    await expect(makeBundle(join(folder, 'mine'), CNM)).rejects.toMatchObject({ code: 'BUNDLE_EXISTS' })
    expect(readlinkSync(join(folder, 'mine'))).toBe('nowhere')
  })

  it('leaves nothing when something is missing', async () => {
    const main = join(install('libcnm', { dependencies: { nowhere: '1.0.0' } }), 'main.js')
    await expect(makeBundle(join(folder, 'new/deep/cnm'), main)).rejects.toThrow(
      'cannot find the package nowhere, which belongs into the plugin',
    )
    expect(readdirSync(folder)).toEqual(['libcnm'])
  })

  it('nor when there is no room for it, and says so', async () => {
    must(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'cnm', folder])
    try {
      await expect(makeBundle(join(folder, 'new/cnm'), CNM)).rejects.toMatchObject({
        code: 'BUNDLE_REFUSED',
        message: expect.stringMatching(/^cannot make \S+\/new\/cnm: ENOSPC/),
      })
      expect(readdirSync(folder)).toEqual([])
    } finally {
      must(['umount', folder])
    }
  })
})

describe('packages', () => {
  it('are found where Node.js finds them, each once; those that this system has no use for may be missing', () => {
    const home = install('app/node_modules/libcnm', { dependencies: { near: '1', far: '1' }, optionalDependencies: { other: '1' } })
    install('app/node_modules/libcnm/node_modules/near', { dependencies: { far: '1', libcnm: '1' } })
    install('app/node_modules/far')
    const own = packageOf(join(home, 'dist/esm/main.js'), 'libcnm')
    expect(closureOf(own).map((each) => each.folder.replace(`${folder}/app/node_modules/`, ''))).toEqual([
      'libcnm',
      'libcnm/node_modules/near',
      'far',
    ])
  })

  it('of which a file is none are missed by name', () => {
    expect(() => packageOf(join(folder, 'main.js'), 'libcnm')).toThrow('cannot find the package libcnm')
  })
})

describe('libraries', () => {
  it('are those that a program needs, and the loader', async () => {
    const names = (await librariesOf([process.execPath])).map((path) => path.split('/').at(-1))
    expect(names).toContain('libc.so.6')
    expect(names).toContainEqual(expect.stringMatching(/^ld-linux-/))
  })

  it('that this system lacks are missed by name', async () => {
    const library = needy(folder, join(folder, 'needy.so'), { library: 'libnowhere.so.1' })
    await expect(librariesOf([library])).rejects.toThrow('cannot find the library libnowhere.so.1')
    await expect(libraryNamed('libnowhere.so.1')).rejects.toThrow('cannot find the library libnowhere.so.1')
  })
})
