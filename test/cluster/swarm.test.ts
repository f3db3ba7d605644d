import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EtcdMember } from '../../lib/cluster/etcd/member.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { eventually } from '../support/eventually.ts'
import { must } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { NodeHost } from './host.ts'

let etcd: EtcdCluster
let hosts: NodeHost[]
let before: Record<string, string>[]

const at = (index: number): NodeHost => hosts[index] as NodeHost
const rows = async (host: NodeHost, more = '') =>
  (await host.must(`network ls --format {{.Name}}|{{.Driver}}|{{.Scope}}${more}`)).split('\n')

/** What etcd tells by itself is heard when this is. */
let told: Promise<void> = Promise.resolve()

beforeAll(async () => {
  const { listen } = EtcdMember.prototype
  vi.spyOn(EtcdMember.prototype, 'listen').mockImplementation(async function* (this: EtcdMember, ...asked) {
    for await (const message of listen.apply(this, asked)) {
      await told
      yield message
    }
  })
  etcd = await EtcdCluster.start()
  hosts = [new NodeHost('10.99.0.1'), new NodeHost('10.99.0.2'), new NodeHost('10.99.0.3')]
  before = hosts.map(({ host }) => snapshot(host))
  for (const host of hosts) await host.begin()
})
afterAll(async () => {
  for (const host of hosts ?? []) await host[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

const FIVE = ['bridge|bridge|local', 'docker_gwbridge|bridge|local', 'host|host|local', 'ingress|overlay|swarm', 'none|null|local']

/** One swarm from its first node to its last; each test goes on where the one before it has ended. */
describe('a swarm on etcd', () => {
  let token: string
  let app: string
  /** Addresses of the third node. */
  let third: string[]

  it('is refused in Docker’s words as long as there is none', async () => {
    expect(await at(0).cnm('network create -d overlay app')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('This node is not a swarm manager. Use "docker swarm init"'),
    })
    expect((await at(0).cnm('node ls')).stderr).toContain('This node is not a swarm manager.')
    expect((await at(0).cnm('swarm leave')).stderr).toContain('This node is not part of a swarm')
    expect(
      (await at(1).cnm(`swarm join --token SWMTKN-1-${'0'.repeat(50)}-${'0'.repeat(25)} --advertise-addr under0 ${etcd.engine()}`)).stderr,
    ).toContain('has no swarm')
    expect((await at(0).cnm('swarm init')).stderr).toContain('multiple addresses on different interfaces')
    expect((await at(0).cnm('swarm init --advertise-addr 10.99.0.9')).stderr).toContain("could not find the system's IP address")
    expect((await at(0).cnm('swarm init --advertise-addr under0 --key-rotation 1s')).stderr).toContain('invalid --key-rotation: 1')
    expect((await at(0).cnm('swarm init --advertise-addr under0 --engine http://x')).stderr).toContain('invalid engine: http://x')
    expect((await at(0).cnm(`swarm init --advertise-addr under0 --engine ${etcd.engine()} --engine-ca x`)).stderr).toContain(
      'belong together',
    )
    for (const [index, host] of hosts.entries()) expect(snapshot(host.host)).toEqual(before[index])
  })

  it('begins with one node, and others join with its token', async () => {
    const said = await at(0).must(`swarm init --engine ${etcd.engine()} --advertise-addr under0 --dispatcher-heartbeat 1s`)
    expect(said).toMatch(/^Swarm initialized: current node \([0-9a-z]{25}\) is now a manager\./)
    token = await at(0).must('swarm join-token -q')
    expect(said).toContain(`cnm swarm join --token ${token} ${etcd.engine()}`)
    const join = (index: number, with_ = token) =>
      at(index).cnm(`swarm join --token ${with_} --advertise-addr 10.99.0.${index + 1} ${etcd.engine()}`)
    expect((await join(1, `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`)).stderr).toContain('A valid join token is necessary')
    expect(
      (
        await join(
          1,
          token.replace(/-1-./, (head) => `-1-${head.endsWith('0') ? '1' : '0'}`),
        )
      ).stderr,
    ).toContain('remote CA does not match fingerprint')
    must(['ip', 'addr', 'add', 'fd00:99::2/64', 'dev', 'under0', 'nodad'], { netns: at(1).host })
    const undisturbed = snapshot(at(1).host)
    const other = await at(1).cnm(`swarm join --token ${token} --advertise-addr under0 --data-path-addr fd00:99::2 ${etcd.engine()}`)
    expect(other.stderr).toContain('has its tunnels at 10.99.0.1, and this host at fd00:99::2')
    expect([snapshot(at(1).host), at(1).controller.networks().length]).toEqual([undisturbed, 3])
    must(['ip', 'addr', 'del', 'fd00:99::2/64', 'dev', 'under0'], { netns: at(1).host })
    expect((await at(1).cnm(`swarm init --engine ${etcd.engine()} --advertise-addr under0`)).stderr).toContain('has a swarm already')
    for (const index of [1, 2]) expect(await join(index)).toMatchObject({ status: 0, stdout: 'This node joined a swarm as a manager.\n' })
    expect((await join(1)).stderr).toContain('This node is already part of a swarm.')
    const nodes = () => at(1).must('node ls --format {{.Status}}|{{.Address}}|{{.Self}}')
    await eventually(async () => expect(await nodes()).toBe('Ready|10.99.0.1|false\nReady|10.99.0.2|true\nReady|10.99.0.3|false'))
  })

  it('has no keys to be changed before a network is encrypted', async () => {
    expect((await at(1).cnm('swarm rotate-keys')).stderr).toContain('no network of this swarm was ever encrypted')
  })

  it('brings its networks along: the five rows, the same id everywhere for those of the swarm only', async () => {
    for (const host of hosts) await eventually(async () => expect(await rows(host)).toEqual(FIVE))
    const ids = await Promise.all(hosts.map(async (host) => (await host.must('network ls --no-trunc -q --filter scope=swarm')).trim()))
    expect(ids[0]).toMatch(/^[0-9a-z]{25}$/)
    expect(new Set(ids).size).toBe(1)
    expect(JSON.parse(await at(1).must('network inspect ingress'))[0]).toMatchObject({
      Ingress: true,
      Scope: 'swarm',
      IPAM: { Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.0.1' }] },
      Options: { 'com.docker.network.driver.overlay.vxlanid_list': '4096' },
    })
  })

  it('has a network on a node that has not heard of it, as soon as it is asked for', async () => {
    let tell = () => {}
    told = new Promise((resolve) => (tell = resolve))
    try {
      await at(0).controller.createNetwork({ name: 'new', driver: 'overlay', attachable: true })
      expect(
        at(1)
          .controller.networks()
          .map(({ name }) => name),
      ).not.toContain('new')
      const { id } = await at(1).controller.createSandbox({ name: 'one', networks: [] })
      await at(1).controller.connect('one', { network: 'new' })
      await at(1).controller.removeSandbox(id)
      await at(2).controller.removeNetwork('new')
    } finally {
      tell()
    }
    await expect(at(1).controller.createSandbox({ networks: [{ network: 'nowhere' }] })).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
    })
  })

  it('has a network on every node, wherever it was made, and takes it from all', async () => {
    app = await at(1).must('network create -d overlay --attachable --ipv6 --label a=b app')
    expect(app).toMatch(/^[0-9a-z]{25}$/)
    for (const host of hosts)
      await eventually(async () => expect((await host.must('network ls --no-trunc -q --filter name=app')).trim()).toBe(app))
    const inspected = await Promise.all(hosts.map(async (host) => JSON.parse(await host.must('network inspect app'))[0]))
    expect(inspected[0]).toMatchObject({
      Driver: 'overlay',
      Attachable: true,
      Labels: { a: 'b' },
      Options: { 'com.docker.network.driver.overlay.vxlanid_list': '4097' },
    })
    expect(inspected[0].IPAM.Config).toEqual([
      { Subnet: '10.0.1.0/24', Gateway: '10.0.1.1' },
      { Subnet: expect.stringMatching(/^fd.*\/64$/), Gateway: expect.stringMatching(/^fd.*::1$/) },
    ])
    expect(inspected[1]).toEqual(inspected[0])
    await at(0).must('network create twin')
    await at(1).must('network create -d overlay twin')
    await eventually(async () =>
      expect((await at(0).cnm('network inspect twin')).stderr).toContain('network twin is ambiguous (2 matches found on name)'),
    )
    await at(1).must('network rm twin')
    await eventually(() => at(0).must('network rm twin'))
    await at(2).must('network create -d overlay gone')
    await eventually(() => at(0).must('network inspect gone'))
    await at(1).must('network rm gone')
    await eventually(async () => expect(await rows(at(2))).not.toContain('gone|overlay|swarm'))
    for (const host of hosts) {
      await eventually(async () => {
        const past = await host.must(
          'events --since 0 --until 0s -f scope=swarm --format {{.Action}}|{{.Actor.Attributes.name}}|{{.Scope}}',
        )
        expect(past.split('\n')).toEqual(expect.arrayContaining(['create|gone|swarm', 'destroy|gone|swarm']))
      })
      const own = (await host.must('events --since 0 --until 0s -f scope=local --format {{.Actor.Attributes.name}}')).split('\n')
      expect(own).toContain('docker_gwbridge')
      expect(own).not.toContain('gone')
    }
    const say = async (line: string) => (await at(0).cnm(line)).stderr
    expect(await say('network create -d overlay app')).toContain('network with name app already exists')
    expect(await say('network create -d overlay --subnet 10.0.1.0/25 other')).toContain('Pool overlaps')
    expect(await say('network create -d overlay --scope local other')).toContain('cannot downgrade network scope for overlay networks')
    expect(await say('network create --scope swarm other')).toContain('a bridge is a network of one host')
    expect(await say('network create -d overlay -o com.docker.network.driver.overlay.vxlanid_list=4097 other')).toContain(
      'network app has it',
    )
    expect(await say('network create -d overlay --ingress other')).toContain('is already present')
    expect(await say('network connect ingress x')).toContain('No such sandbox: x')
    expect(await say('sandbox create --network ingress')).toContain('network ingress not manually attachable')
    expect(await say('network reserve app db 10.0.1.9')).toContain('reserved when it is created')
  })

  it('lets one of many win that want the same at once, and gives each of many its own', async () => {
    const same = await Promise.all(hosts.map((host) => host.cnm('network create -d overlay same')))
    expect(same.filter(({ status }) => status === 0).length).toBe(1)
    for (const { status, stderr } of same) if (status !== 0) expect(stderr).toContain('network with name same already exists')
    await Promise.all(
      hosts.flatMap((host, index) => [0, 1, 2].map((n) => host.must(`network create -d overlay --attachable many${index}${n}`))),
    )
    await eventually(async () => expect((await rows(at(0))).length).toBe(FIVE.length + 11))
    const all = JSON.parse(
      await at(0).must(`network inspect ${(await at(0).must('network ls -q --filter scope=swarm')).split('\n').join(' ')}`),
    ) as {
      IPAM: { Config: { Subnet: string }[] }
      Options: Record<string, string>
    }[]
    for (const of of [({ IPAM }: (typeof all)[0]) => IPAM.Config[0]?.Subnet, ({ Options }: (typeof all)[0]) => Object.values(Options)[0]])
      expect(new Set(all.map(of)).size).toBe(all.length)
    expect(await at(2).must('network prune -f --filter label!=a=b')).toContain('many11')
    for (const host of hosts) await eventually(async () => expect(await rows(host)).toEqual(['app|overlay|swarm', ...FIVE]))
  })

  it('gives an address to one endpoint only, and tells the others where it is', async () => {
    await Promise.all(hosts.flatMap((host, index) => [0, 1, 2].map((n) => host.must(`sandbox create --name s${index}${n} --network app`))))
    const own = hosts.map(({ controller }) => controller.guests('app').map(({ endpoint }) => endpoint))
    const addresses = own.flat().map(({ address }) => address)
    // Each node begins where none of the others is near.
    expect(addresses).toEqual(['2', '3', '4', '128', '129', '130', '64', '65', '66'].map((last) => `10.0.1.${last}/24`))
    const expected = (self: number) =>
      own.flatMap((endpoints, index) => (index === self ? [] : endpoints.map(({ address }) => `${address} 10.99.0.${index + 1}`))).sort()
    for (const [index, { told }] of hosts.entries()) await eventually(() => expect(told.on(app)).toEqual(expected(index)))
    const held = own[0]?.[0]?.address?.replace('/24', '') ?? ''
    const refused = await at(1).cnm(`sandbox create --name late --network name=app,ip=${held}`)
    expect(refused.stderr).toMatch(/^Address already in use\nhint: 10\.0\.1\.\d+ is held by sandbox s00 of node /)
    const { mac } = own[0]?.[0] ?? {}
    await at(0).must('sandbox rm s00')
    await at(1).must(`sandbox create --name late --network name=app,ip=${held},mac-address=${mac}`)
    await eventually(() => expect(at(2).told.on(app)).toContain(`${held}/24 10.99.0.2`))
    expect((await at(2).cnm('network rm app')).stderr).toMatch(/has active endpoints \(name:"[sl]/)
    expect(await at(2).must('network inspect -f {{range.Peers}}{{.IP}};{{end}} app')).toBe('10.99.0.1;10.99.0.2;10.99.0.3;')
    expect(JSON.parse(await at(2).must('network inspect app'))[0].Status.IPAM.Subnets['10.0.1.0/24'].IPsInUse).toBe(12)
  })

  it('withdraws the endpoints of a node that is dead, and has them back when it is', async () => {
    const names = () => at(0).must('node ls --format {{.Address}}|{{.Status}}|{{.Endpoints}}')
    await at(2).controller.close()
    await eventually(async () => expect(await names()).toContain('10.99.0.3|Down|0'))
    await eventually(() =>
      expect(
        at(0)
          .told.on(app)
          .filter((peer) => peer.endsWith('10.99.0.3')),
      ).toEqual([]),
    )
    const { controller } = await at(2).again()
    third = controller.guests('app').map(({ endpoint }) => endpoint.address ?? '')
    await eventually(async () => expect(await names()).toContain('10.99.0.3|Ready|3'))
    await eventually(() =>
      expect(
        at(0)
          .told.on(app)
          .filter((peer) => peer.endsWith('10.99.0.3')),
      ).toEqual(third.map((address) => `${address} 10.99.0.3`).sort()),
    )
  })

  it('moves on when an address went to somebody else while its node was away', async () => {
    const warnings: string[] = []
    const listen = ({ message }: Error) => void warnings.push(message)
    process.on('warning', listen)
    await at(2).controller.close()
    await eventually(async () => expect(await at(0).must('node ls --format {{.Address}}|{{.Status}}')).toContain('10.99.0.3|Down'))
    const [victim = ''] = third
    await at(0).must(`sandbox create --name thief --network name=app,ip=${victim.replace('/24', '')}`)
    await at(2).again()
    await eventually(() => expect(at(2).controller.guests('app').length).toBe(2))
    process.off('warning', listen)
    expect(warnings.join('\n')).toMatch(new RegExp(`^${victim}, fd.* on network app belongs to sandbox thief of node `, 'm'))
  })

  it('removes a node only when it is down, unless forced', async () => {
    const id = await at(2).must('node inspect -f {{.ID}} self')
    expect((await at(0).cnm(`node rm ${id}`)).stderr).toContain("is not down and can't be removed")
    await at(0).must(`node rm --force ${id}`)
    await eventually(async () =>
      expect((await at(2).cnm('sandbox create --network app')).stderr).toContain('this node was removed from its swarm'),
    )
    await at(2).must('swarm leave --force')
    expect(await rows(at(2))).toEqual(['bridge|bridge|local', 'host|host|local', 'none|null|local'])
  })

  it('leaves nothing behind', async () => {
    expect((await at(1).cnm('swarm leave')).stderr).toContain('sandboxes of this node are on networks of the swarm (')
    await at(1).must('swarm leave --force')
    expect((await at(0).cnm('swarm leave')).stderr).toContain('sandboxes of this node')
    for (const host of hosts) for (const { id } of host.controller.sandboxes()) await host.controller.removeSandbox(id)
    expect((await at(0).cnm('swarm leave')).stderr).toContain('this is the last node of the swarm: its networks would go with it (app)')
    await at(0).must('network rm app')
    expect(await at(0).must('swarm leave')).toBe('Node left the swarm.')
    for (const [index, host] of hosts.entries()) {
      expect(await rows(host)).toEqual(['bridge|bridge|local', 'host|host|local', 'none|null|local'])
      await host.controller.close()
      expect(snapshot(host.host)).toEqual(before[index])
    }
  })
})
