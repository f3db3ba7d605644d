import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { must, run } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { CNM, Host } from './host.ts'

let host: Host
let before: Record<string, string>

beforeEach(async () => {
  host = new Host()
  await host.must('network ls')
  before = snapshot(host.host)
})

afterEach(async () => {
  expect(snapshot(host.host)).toEqual(before)
  await host[Symbol.asyncDispose]()
})

/** `cnm` as a process of its own on the host, started by `wrapper`. */
const cnm = (wrapper: readonly string[], ...args: readonly string[]) =>
  run([...wrapper, process.execPath, CNM, ...args], { netns: host.host, env: host.env })

describe('who may not', () => {
  it('read the state is told so', () => {
    // Somebody else's, and root without the right to look over his shoulder: this checkout may be root's alone.
    must(['chown', '-R', '65534:65534', host.root, host.run])
    for (const verb of [
      ['network', 'ls'],
      ['events', '--since', '1h', '--until', '0s'],
    ]) {
      const { status, stdout, stderr } = cnm(['setpriv', '--bounding-set=-all', '--inh-caps=-all'], ...verb)
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toMatch(
        /^cannot write the state in .*: EACCES: permission denied\nhint: run as root and where there is room, or give another --root and --run/,
      )
    }
  })

  it('read rules is told so, with the command that was refused', () => {
    for (const verb of [['doctor'], ['explain', 'host', 'internet']]) {
      const { status, stderr } = cnm(['setpriv', '--bounding-set=-net_admin', '--inh-caps=-all'], ...verb)
      expect(status).toBe(1)
      expect(stderr).toMatch(/^EPERM: operation not permitted, while: nft list table inet cnm\nhint: run as root, or with CAP_NET_ADMIN/)
    }
  })

  it('change links is told so, with the command that was refused', () => {
    const without = ['setpriv', '--bounding-set=-net_admin,-sys_admin', '--inh-caps=-all']
    const { status, stderr } = cnm(without, 'network', 'create', 'web')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^EPERM: operation not permitted, while: ip link add br-\w+ .*type bridge\nhint: run as root/)
    expect(cnm([], 'network', 'inspect', 'web').status).toBe(1)
  })
})

describe('where there is no libnftables', () => {
  it('it is named, with its package, and nothing is left', () => {
    const library = /=> (.*libnftables\.so\.1)$/m.exec(must(['ldconfig', '-p']))?.[1] ?? ''
    expect(library).not.toBe('')
    // A mount namespace in which the library is an empty file.
    const without = ['unshare', '--mount', 'sh', '-c', 'mount --bind /dev/null "$0" && exec "$@"', library]
    const { status, stderr } = cnm(without, 'network', 'create', 'web')
    expect(status).toBe(1)
    expect(stderr).toContain('libnftables.so.1 is missing: apt install libnftables1')
    expect(stderr.split('\n').length).toBeLessThan(5)
  })
})
