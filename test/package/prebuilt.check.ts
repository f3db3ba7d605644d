import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Root } from '../support/root.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

/** Made by scripts/prebuild/check.sh. */
const { CNM_TARBALL: TARBALL = '', CNM_NODE_ARM64: NODE_ARM64 = '', CNM_ARM64_IOCTL: IOCTL = '', CNM_BULLSEYE: BULLSEYE = '' } = process.env
const PACKAGE = '/node_modules/libcnm'

/** Makes a bridge and prints what the addon sees then. */
const PROGRAM = `
  const addon = require('${PACKAGE}/native/load.cjs')
  if (addon.error) throw addon.error
  const here = addon.Netns.current()
  addon.apply([here], [{ op: 'link.add', name: 'br7', kind: 'bridge', mtu: 1400 }], 1).then(async ({ refusal }) => {
    const { names } = await addon.dump(here, 'link', 2)
    console.log(JSON.stringify({ arch: process.arch, refusal, names }))
  })
`

/** Opens the controller twice and prints which networks the second finds. */
const REOPEN = `
  const { open } = require('${PACKAGE}')
  const names = async () => {
    const cnm = await open()
    const found = cnm.networks().map(({ name }) => name)
    await cnm.close()
    return found.sort().join()
  }
  names().then(names).then(console.log)
`

/** Node.js of this machine, and the libraries it was linked with. */
function x64(): Root {
  const root = new Root()
  root.copyLinked(process.execPath, '/node')
  return root
}

/** The same on the C libraries of Debian 11, the oldest that the package is for. */
function bullseye(): Root {
  const root = new Root()
  root.copy(process.execPath, '/node')
  root.copy(BULLSEYE, '/')
  return root
}

/** Node.js for arm64, the cross compiler's libraries for it, and the emulator. */
function arm64(): Root {
  const root = new Root()
  root.copy(NODE_ARM64, '/node')
  root.copy(IOCTL, '/lib/ioctl.so')
  root.copy('/usr/bin/qemu-aarch64-static', '/qemu')
  const libraries = '/usr/aarch64-linux-gnu/lib'
  const needed = /^(ld-linux-aarch64|lib(c|m|dl|pthread|stdc\+\+|gcc_s))\.so\.\d+$/
  for (const name of readdirSync(libraries).filter((file) => needed.test(file))) root.copy(join(libraries, name), `/lib/${name}`)
  return root
}

const MACHINES = [
  { name: 'x64', arch: 'x64', make: x64, node: ['/node'] },
  { name: 'x64 with glibc 2.31', arch: 'x64', make: bullseye, node: ['/node'] },
  { name: 'arm64', arch: 'arm64', make: arm64, node: ['/qemu', '-E', 'LD_PRELOAD=/lib/ioctl.so', '/node'] },
] as const

describe.each(MACHINES)('installed on $name, with Node.js and nothing else', ({ arch, make, node }) => {
  let root: Root
  beforeAll(() => {
    root = make()
    root.install(TARBALL, arch)
  }, 120_000)
  afterAll(() => root[Symbol.dispose]())

  it('finds no libnl, compiler or build', () => {
    const files = root.files()
    expect(files).toContain(`${PACKAGE.slice(1)}/prebuilds/linux-${arch}/libcnm.glibc.node`)
    expect(files.filter((file) => /(^|\/)(libnl[^/]*\.so[^/]*|(.*-)?(gcc|g\+\+|cc|cmake|make|sh)|build\/Release)$/.test(file))).toEqual([])
  })

  it('has the source of the libnl that is inside', () => {
    const source = root.files().filter((file) => file.startsWith(`${PACKAGE.slice(1)}/prebuilds/source/`))
    const names = ['libnl3_3.7.0-0.2.debian.tar.xz', 'libnl3_3.7.0-0.2.dsc', 'libnl3_3.7.0.orig.tar.gz', 'libnl3_3.7.0.orig.tar.gz.asc']
    expect(source.map((file) => basename(file)).sort()).toEqual(names)
  })

  it('makes a bridge in a new network namespace', async () => {
    await using spaces = await Spaces.open()
    const { status, stdout, stderr } = root.run([...node, '-e', PROGRAM], { netns: spaces.paths[0] })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({ arch, refusal: null, names: 'lo\nbr7' })
    expect(spaces.link(0, 'br7')).toMatchObject({ mtu: 1400, linkinfo: { info_kind: 'bridge' } })
  })

  it('has a client that begins, and looks for Node.js where no daemon is', async () => {
    await using spaces = await Spaces.open()
    const client = [...node.slice(0, -1), `${PACKAGE}/prebuilds/linux-${arch}/cnm-client`, 'network', 'ls']
    const ran = root.run(client, { netns: spaces.paths[0] })
    expect(ran).toEqual({ status: 127, stdout: '', stderr: 'cnm: node: No such file or directory\n' })
  })

  it('keeps its state, and finds it again', async () => {
    await using spaces = await Spaces.open()
    const { status, stdout, stderr } = root.run([...node, '-e', REOPEN], { netns: spaces.paths[0] })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'bridge,host,none\n', stderr: '' })
  })
})

describe('installed on x64, with Node.js, libnftables and util-linux', () => {
  let root: Root
  beforeAll(() => {
    root = x64()
    for (const tool of ['nsenter', 'setpriv']) root.copyLinked(`/usr/bin/${tool}`)
    const [, nftables = ''] = /^\tlibnftables\.so\.1 .*=> (\S+)$/m.exec(must(['ldconfig', '-p'])) ?? []
    root.copyLinked(nftables)
    root.install(TARBALL, 'x64')
  }, 120_000)
  afterAll(() => root[Symbol.dispose]())

  const CLIENT = `${PACKAGE}/prebuilds/linux-x64/cnm-client`
  const cnm = (netns: string, ...argv: readonly string[]): string => {
    const { status, stdout, stderr } = root.run([CLIENT, ...argv], { netns, env: { PATH: `${process.env['PATH']}:/` } })
    if (status !== 0) throw new Error(`cnm ${argv.join(' ')}: ${stderr}`)
    return stdout
  }

  it('carries a packet from a sandbox to its gateway', async () => {
    await using spaces = await Spaces.open()
    const [host] = spaces.paths
    const id = cnm(host, 'network', 'create', '--subnet', '10.66.0.0/24', 'front').trim()
    // The gateway answers at a port where nobody listens: a reset, which nothing but the host can have sent.
    const knock = `require('net').connect(9, '10.66.0.1').on('error', (error) => console.log(error.code))`
    expect(cnm(host, 'run', '--network', 'front', '--', '/node', '-e', knock)).toBe('ECONNREFUSED\n')
    expect(spaces.link(0, `br-${id.slice(0, 12)}`)).toMatchObject({ linkinfo: { info_kind: 'bridge' } })
    cnm(host, 'network', 'rm', 'front')
    expect(spaces.look(0, 'ip', '-j', 'link')).toMatchObject([{ ifname: 'lo' }])
  })
})
