import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { labOf } from '../../lib/cli/lab/read.ts'
import { must, run } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { Host } from './host.ts'

let host: Host
let before: Record<string, string>
const folder = mkdtempSync(join(tmpdir(), 'cnm-lab-'))
const file = join(folder, 'lab.yaml')
beforeAll(() => {
  host = new Host()
  before = snapshot(host.host)
})
afterEach(async () => {
  writeFileSync(file, 'name: shop\n')
  await host.must(['apply', '--prune', '-f', file])
  expect(snapshot(host.host)).toEqual(before)
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const declare = (yaml: string) => writeFileSync(file, yaml)
const lab = (verb: string, ...flags: readonly string[]) => host.cnm([verb, '-f', file, ...flags])
const netnsOf = (name: string) => host.must(['sandbox', 'inspect', '-f', '{{.NetworkSettings.SandboxKey}}', name])
const reaches = async (from: string, address: string) => run(['ping', '-c1', '-W1', address], { netns: await netnsOf(from) }).status === 0
const ids = () =>
  host.must('network ls -q --no-trunc -f type=custom').then(async (text) => `${text}\n${await host.must('sandbox ls -q --no-trunc')}`)

const SHOP = `
name: shop
networks:
  front:
    enable_ipv6: true
    ipam: { config: [{ subnet: 10.70.0.0/24, gateway: 10.70.0.254 }, { subnet: "fd00:70:0::/64" }] }
    driver_opts: { com.docker.network.driver.mtu: 1400 }
    labels: [tier=front]
  back: { internal: true }
sandboxes:
  web:
    networks: { front: { ipv4_address: 10.70.0.10, aliases: [www], gw_priority: 1 }, back: }
    ports: ["8080:80"]
  db:
    networks: [back]
`

describe('a lab', () => {
  it('an address that was chosen for the host is no difference', async () => {
    declare(`
name: shop
networks:
  lan:
    driver: macvlan
    driver_opts: { parent: lan0, cnm.host_access: "true" }
    ipam: { config: [{ subnet: 192.0.2.0/24, ip_range: 192.0.2.64/26, aux_addresses: { nas: 192.0.2.65 } }] }
`)
    expect(await lab('apply')).toMatchObject({ status: 0, stderr: '' })
    expect(await lab('diff')).toEqual({ status: 0, stdout: 'shop is as declared.\n', stderr: '' })
  })

  it('is made as declared, once', async () => {
    declare(SHOP)
    const planned = await lab('plan')
    expect(planned).toEqual({
      status: 0,
      stderr: '',
      stdout: `+ network front
+ network back
+ sandbox web
    on front
    on back
+ sandbox db
    on back
shop: 4 to add, 0 to replace, 0 to remove.
`,
    })
    expect(snapshot(host.host)).toEqual(before)
    expect(await lab('diff')).toMatchObject({ status: 1, stdout: planned.stdout })
    expect(await lab('apply', '--dry-run')).toEqual(planned)
    expect(snapshot(host.host)).toEqual(before)

    expect(await lab('apply')).toEqual(planned)
    expect(must(['ip', '-4', '-o', 'addr'], { netns: await netnsOf('web') })).toContain('10.70.0.10/24')
    expect(await reaches('web', '10.70.0.254')).toBe(true)
    const made = await ids()
    for (const verb of ['apply', 'diff']) expect(await lab(verb)).toEqual({ status: 0, stderr: '', stdout: 'shop is as declared.\n' })
    expect(await ids()).toBe(made)
  })

  it('changes what differs, and nothing else', async () => {
    declare(SHOP)
    await lab('apply')
    const [front, db] = [await host.must('network inspect -f {{.ID}} front'), await netnsOf('db')]
    declare(
      SHOP.replace('back: { internal: true }', 'back: { ipam: { config: [{ subnet: 10.71.0.0/24 }] } }')
        .replace('aliases: [www]', 'aliases: [www, shop]')
        .replace('10.70.0.10', '10.70.0.11'),
    )
    expect(await lab('apply')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        /^~ network back\n {4}internal: true -> false\n {4}subnets: .* -> 10\.71\.0\.0\/24\n~ sandbox web on front\n {4}IPv4 address: 10\.70\.0\.10 -> 10\.70\.0\.11\n {4}aliases: www -> shop, www\n\+ sandbox web on back\n\+ sandbox db on back\nshop: 2 to add, 2 to replace, 0 to remove\.\n$/,
      ),
    })
    expect(await host.must('network inspect -f {{.ID}} front')).toBe(front)
    expect(await netnsOf('db')).toBe(db)
    expect(await reaches('db', '10.71.0.1')).toBe(true)
    expect((await lab('diff')).status).toBe(0)
  })

  it('lets one have what another gives up', async () => {
    declare(
      'name: shop\nnetworks: { net: { } }\nsandboxes: { a: { networks: [net], ports: ["8080:80"] }, b: { networks: [net], ports: ["8081:80"] } }\n',
    )
    await lab('apply')
    declare(
      'name: shop\nnetworks: { net: { } }\nsandboxes: { a: { networks: [net], ports: ["8081:80"] }, b: { networks: [net], ports: ["8080:80"] } }\n',
    )
    expect(await lab('apply')).toMatchObject({ status: 0, stderr: '' })
    expect((await lab('diff')).status).toBe(0)
  })

  it('takes a subnet of which only the size was declared, and an address however it is written, for as declared', async () => {
    declare(`
name: shop
networks:
  sized:
    enable_ipv6: true
    ipam: { config: [{ subnet: 0.0.0.0/26 }, { subnet: 0.0.0.0/26 }, { subnet: "::/80" }, { subnet: 10.74.0.0/26 }] }
  net:
    enable_ipv6: true
    ipam:
      config:
        - { subnet: "FD00:74:0::/64", ip_range: "FD00:74:0:0:A::/80", gateway: "FD00:74::FE", aux_addresses: { nas: "FD00:74::B" }, reservations: { b: "FD00:74::C" } }
sandboxes:
  a: { networks: { net: { ipv6_address: "FD00:74::0A", link_local_ips: ["FE80::A"], mac_address: "02:00:00:00:00:AA" } } }
`)
    expect(await lab('apply')).toMatchObject({ status: 0, stderr: '' })
    expect(await lab('diff')).toEqual({ status: 0, stdout: 'shop is as declared.\n', stderr: '' })
    const other = (from: string, to: string) => declare(readFileSync(file, 'utf8').replace(from, to))
    other('{ subnet: 0.0.0.0/26 }, ', '{ subnet: 0.0.0.0/27 }, ')
    other('FD00:74:0:0:A::/80', 'fd00:74:0:0:b::/80')
    other('FD00:74::B', 'fd00:74::bb')
    other('FD00:74::0A', 'fd00:74::a1')
    const { stdout } = await lab('diff')
    expect(stdout).toMatch(/\n {4}subnets: .*0\.0\.0\.0\/27.*\n/)
    expect(stdout).toContain('    range of fd00:74::/64: fd00:74:0:0:a::/80 -> fd00:74:0:0:b::/80\n')
    expect(stdout).toContain('    auxiliary addresses of fd00:74::/64: nas=fd00:74::b -> nas=fd00:74::bb\n')
  })

  it('takes a port that was left open for as declared, and families and reservations by any of their names', async () => {
    declare(`
name: shop
networks:
  net:
    ipam: { config: [{ subnet: 10.72.0.0/24, reservations: { a: 10.72.0.9 } }, { subnet: 10.73.0.0/24 }] }
    driver_opts: { com.docker.network.enable_ipv6: true }
sandboxes:
  a: { networks: [net], ports: ["80", "8000-8009:81", "8003:81", "9000-9002:90-92"] }
`)
    expect(await lab('apply')).toMatchObject({ status: 0, stderr: '' })
    expect(await lab('diff')).toMatchObject({ status: 0, stdout: 'shop is as declared.\n' })
    expect(must(['ip', '-4', '-o', 'addr'], { netns: await netnsOf('a') })).toContain('10.72.0.9/24')
    const other = (from: string, to: string) => declare(readFileSync(file, 'utf8').replace(from, to))
    other('"80", "8000-8009:81"', '"80", "8004-8009:81"')
    other('a: 10.72.0.9', 'a: 10.72.0.8')
    const { stdout } = await lab('diff')
    expect(stdout).toContain('    reservations of 10.72.0.0/24: a=10.72.0.9 -> a=10.72.0.8\n')
    expect(stdout).toMatch(/\n {4}ports: .*:8000:81\/tcp.* -> .*:8004-8009:81\/tcp.*, ::80\/tcp\n/)
  })

  it('--prune removes what is not declared any more, of this lab alone', async () => {
    await host.must('network create foreign')
    declare(SHOP)
    await lab('apply')
    declare(
      'name: shop\nnetworks: { front: { external: true } }\nsandboxes: { web: { networks: [front], ports: ["8080:80"] } }\n'.replace(
        'external: true',
        'driver_opts: { com.docker.network.driver.mtu: 1400 }, enable_ipv6: true, labels: [tier=front]',
      ),
    )
    expect((await lab('plan')).stdout).toContain('Not declared any more, and removed with --prune: sandbox db, network back.\n')
    const pruned = await lab('apply', '--prune')
    expect(pruned.stdout).toContain('- sandbox db\n- sandbox web on back\n- network back\n')
    expect(pruned.stdout).toMatch(/\nshop: 0 to add, 1 to replace, 3 to remove\.\n$/)
    expect(await host.must(['network', 'ls', '--format', '{{.Name}}', '-f', 'type=custom'])).toBe('foreign\nfront')
    await host.must('network rm foreign')
  })

  it('who leaves a network that is made anew leaves it once, and so does who is not declared any more', async () => {
    declare(`${SHOP}  old: { networks: [back] }\n`)
    await lab('apply')
    declare(SHOP.replace('back: { internal: true }', 'back: { }').replace(', back: }', ' }'))
    expect(await lab('apply')).toEqual({
      status: 0,
      stderr: '',
      stdout: `- sandbox old on back
- sandbox web on back
~ network back
    internal: true -> false
+ sandbox db on back
shop: 1 to add, 1 to replace, 2 to remove.
Not declared any more, and removed with --prune: sandbox old.
`,
    })
    expect(await host.must(['network', 'inspect', '-f', '{{range .Containers}}{{.Name}}{{end}}', 'back'])).toBe('db')
    expect(await lab('diff')).toMatchObject({ status: 0 })
  })

  it('a network that gets another name takes its subnet along with --prune', async () => {
    declare(SHOP)
    await lab('apply')
    declare(SHOP.replaceAll('front:', 'edge:'))
    expect(await lab('apply', '--prune')).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^- sandbox web on front\n- network front\n\+ network edge\n\+ sandbox web on edge\n/),
    })
    expect(await reaches('web', '10.70.0.254')).toBe(true)
    expect((await lab('diff')).status).toBe(0)
  })

  it('a network that somebody else is on is not pruned, and that is said before anything is done', async () => {
    declare(SHOP)
    await lab('apply')
    await host.must('sandbox create --name guest --network back')
    const made = await ids()
    declare(SHOP.replace('  back: { internal: true }\n', '').replace(', back: }', ' }').replace('networks: [back]', 'networks: [front]'))
    expect(await lab('apply', '--prune')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'network back is to be removed, and sandbox guest, which is not of lab shop, is on it\n',
    })
    expect(await ids()).toBe(made)
    await host.must('sandbox rm guest')
  })

  it.each([
    [
      'network front: failed to parse com.docker.network.driver.mtuu value: 1400 (unknown option; did you mean com.docker.network.driver.mtu?)\n',
      SHOP.replace('driver.mtu: 1400', 'driver.mtuu: 1400'),
    ],
    ['network back: could not find plugin brigde in v1', SHOP.replace('back: { internal: true }', 'back: { driver: brigde }')],
    ['network front: invalid network config:\ninvalid subnet', SHOP.replace('10.70.0.0/24', '10.70.0.9/24').replace('1400', '1300')],
    ['sandbox web on front: invalid endpoint settings:\n', SHOP.replace('aliases: [www]', 'link_local_ips: [10.0.0.1]')],
    ['sandbox web: invalid port specification: no kernel', SHOP.replace('"8080:80"', '"[::1]:8080:80"')],
    ['sandbox d b: invalid name: ', SHOP.replace('back: { internal: true }', 'back: { }').replace('db:', 'd b:')],
    [
      'FILE.sandboxes.web.networks.front.ipv4_address: 10.70.0.10 is in no subnet of this network\n',
      SHOP.replace('10.70.0.0/24, gateway: 10.70.0.254', '10.75.0.0/24'),
    ],
  ])('%j is said before anything is taken away', async (message, yaml) => {
    declare(SHOP)
    await lab('apply')
    const made = [await ids(), snapshot(host.host)]
    declare(yaml)
    for (const verb of ['plan', 'apply']) {
      const { status, stdout, stderr } = await lab(verb)
      expect([status, stdout, stderr.replace(file, 'FILE')]).toEqual([1, '', expect.stringContaining(message)])
      expect([await ids(), snapshot(host.host)]).toEqual(made)
    }
  })

  it('what is refused later is told of the change that it is about, and how it is put right', async () => {
    declare(
      'name: shop\nnetworks: { a: { ipam: { config: [{ subnet: 10.70.0.0/24 }] } }, b: { ipam: { config: [{ subnet: 10.70.0.0/25 }] } } }\n',
    )
    expect((await lab('apply')).stderr).toBe(
      'network b: invalid pool request: Pool overlaps with other one on this address space\nhint: 10.70.0.0/25 overlaps 10.70.0.0/24 (network a): choose another --subnet, or none\n',
    )
  })

  it('does not touch what it has not made', async () => {
    await host.must('network create front')
    declare('name: shop\nnetworks: { front: }\n')
    expect(await lab('apply')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'network front is there, and lab shop has not made it: say external: true, or remove it\n',
    })
    declare('name: shop\nnetworks: { front: { external: true }, none: { external: true } }\nsandboxes: { box: { networks: [front] } }\n')
    expect((await lab('apply')).status).toBe(0)
    declare('name: shop\n')
    await lab('apply', '--prune')
    await host.must('network rm front')
    declare('name: shop\nnetworks: { front: { external: true } }\n')
    expect((await lab('apply')).stderr).toBe('network front is external, and there is none\n')
  })

  it('tells a person how far it is', async () => {
    declare(SHOP)
    const { stderr } = await host.cnm(['apply', '-f', file], { tty: true })
    expect(stderr).toBe('1/4 + network front\n2/4 + network back\n3/4 + sandbox web\n4/4 + sandbox db\n')
  })

  it.each([
    ['networks: {}', 'FILE: name is missing: it tells what is made by this file from what is not'],
    ['name: x\nnetworks: { a: { internl: true } }', 'FILE.networks.a.internl: unknown key; known are driver, driver_opts, internal,'],
    ['name: x\nnetworks: { a: { internal: yes please } }', 'FILE.networks.a.internal: expected true or false'],
    [
      'name: x\nsandboxes: { a: { networks: [b] } }',
      'FILE.sandboxes.a.networks.b: no such network in this file; one that is elsewhere is external: true',
    ],
    ['name: x\nsandboxes: { a: { ports: ["80:0"] } }', 'FILE.sandboxes.a.ports[0]: invalid containerPort: 0'],
    ['name: x\nsandboxes: { a: { networks: 7 } }', 'FILE.sandboxes.a.networks: expected keys and values'],
    ['name: x\nnetworks: { a: }\nsandboxes: { b: { networks: [a, a] } }', 'FILE.sandboxes.b.networks: a is there twice'],
    ['name: [', 'FILE: Flow sequence in block collection must be sufficiently indented'],
    ['name: x\nname: y', 'FILE: Map keys must be unique'],
  ])('%j is refused, with the place', async (yaml, message) => {
    declare(yaml)
    const { status, stderr } = await lab('apply')
    expect(stderr.replaceAll(file, 'FILE')).toContain(message)
    expect(status).toBe(1)
  })

  it('a namespace is looked for from where the file is', async () => {
    symlinkSync(host.lan, join(folder, 'lan'))
    declare('name: shop\nnetworks: { front: }\nsandboxes: { vm: { netns: ./lan, networks: [front] } }\n')
    expect(await lab('apply')).toMatchObject({ status: 0, stderr: '' })
    expect(await netnsOf('vm')).toBe(join(folder, 'lan'))
    expect((await lab('diff')).status).toBe(0)
  })

  it('is read as Compose reads it', () => {
    expect(labOf({ name: 7, networks: { n: { driver_opts: ['a=b'], labels: { c: true } } } }, 'f')).toEqual({
      name: '7',
      external: [],
      networks: [{ name: 'n', options: { a: 'b' }, labels: { c: 'true', 'cnm.lab': '7' } }],
      sandboxes: [],
    })
  })
})
