import { strict as assert } from 'node:assert'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Etcd } from '../../lib/cluster/etcd/etcd.ts'
import { HEARINGS, RING } from '../../lib/cluster/keys.ts'
import { readable, type SealedRing } from '../../lib/cluster/ring.ts'
import { nodeKeyFrom } from '../../lib/cluster/seal.ts'
import { Engine, portMap } from '../server/engine.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { Hosts } from '../support/hosts.ts'
import { must, runAsync, start } from '../support/run.ts'
import { pings } from '../support/traffic.ts'
import { scenario } from './harness.ts'

const NUMBERS = [1, 2, 3]

/** Whoever has to be asked may not answer in time where the guest has hardly any processor; then it does not hold yet. */
async function eventually(what: string, holds: () => unknown): Promise<void> {
  let reason: unknown = ''
  for (let patience = 600; ; patience--) {
    try {
      if (await holds()) return
    } catch (error) {
      reason = error
    }
    assert.notEqual(patience, 0, `never: ${what} ${reason}`)
    await pause(50)
  }
}

/** Numbers of the states that a namespace has, by the other end: those that it sends with, and those that it understands. */
function spis(netns: string, own: string): { readonly sends: readonly string[]; readonly hears: readonly string[] } {
  const states = Array.from(
    must(['ip', 'xfrm', 'state'], { netns }).matchAll(/^src (\S+) dst (\S+)\s+proto esp spi (\S+)/gm),
    ([, from = '', to = '', spi = '']) => ({ from, to, spi }),
  )
  const ends = (end: 'from' | 'to') => states.filter((state) => state[end] === own).map(({ spi }) => spi)
  return { sends: ends('from').sort(), hears: ends('to').sort() }
}

/** Everything in a folder, and under it, but for namespaces. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('netns/'))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())

scenario(
  'an encrypted network of a swarm: keys that nobody sees, change in traffic, and leave with who leaves; an engine has them too',
  async () => {
    await using hosts = await Hosts.open(3)
    await using etcd = await EtcdCluster.start()
    const engine = new Etcd(etcd.engine())
    const cnm = (n: number) => hosts.at(n).cnm
    await cnm(1).initSwarm({ engine: etcd.engine(), advertise: 'eth0', heartbeat: 10 })
    const token = await cnm(1).joinToken()
    for (const n of [2, 3]) await cnm(n).joinSwarm({ engine: etcd.engine(), token, advertise: 'eth0' })
    const swarm = cnm(1).swarm()?.membership.id ?? ''
    await assert.rejects(cnm(1).rotateKeys(), { code: 'KEYS_NONE' })

    // Whatever goes between the hosts, from the first frame to the last.
    const listen = (filter: string) =>
      start(['sh', '-c', `exec tcpdump -i br0 -n -l --immediate-mode -c 1 '${filter}' 2>&1`], { netns: hosts.underlay })
    await using clear = await listen('udp and (port 4789 or port 4790)')
    await using esp = await listen('esp')

    await cnm(2).createNetwork({ name: 'app', driver: 'overlay', attachable: true, internal: true, options: { encrypted: '' } })
    for (const n of NUMBERS)
      await eventually(`host ${n} knows the network`, () =>
        cnm(n)
          .networks()
          .some(({ name }) => name === 'app'),
      )
    const boxes = new Map<number, string>()
    for (const n of NUMBERS) boxes.set(n, await hosts.sandbox(n, `s${n}`, 'app', { ip: `10.0.1.1${n}` }))
    const at = (n: number) => boxes.get(n) ?? ''
    const reaches = (from: number, to: number) => pings(at(from), `10.0.1.1${to}`)
    for (const [from, to] of [
      [1, 2],
      [2, 3],
      [3, 1],
    ] as const)
      await eventually(`${from} reaches ${to}`, () => reaches(from, to))
    await eventually('ESP is on the wire', () => esp.child.exitCode !== null)

    const ring = async () => JSON.parse((await engine.read(RING)).rows[0]?.value ?? 'null') as SealedRing
    const keyOf = (n: number) => nodeKeyFrom(readFileSync(join(hosts.at(n).root, 'node.key'), 'utf8'))
    const settled = () =>
      eventually('the ring has one key, and all have heard', async () => {
        const { rows } = await engine.read(HEARINGS)
        const { step, keys } = await ring()
        return keys.length === 1 && rows.every(({ value }) => JSON.parse(value).step === step)
      })
    await settled()

    // In etcd, on disk and in the records there is nothing that a key could be read from, but for the private half of the node's own.
    const [{ secret } = { secret: new Uint8Array() }] = readable(swarm, await ring(), keyOf(1))
    assert.equal(secret.length, 32)
    const forms = [
      Buffer.from(secret),
      ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(Buffer.from(secret).toString(form))),
    ]
    const everything = (await engine.read('')).rows.map(({ value }) => Buffer.from(value))
    for (const n of NUMBERS) {
      const { root, run } = hosts.at(n)
      assert.equal(statSync(join(root, 'node.key')).mode & 0o777, 0o600)
      everything.push(...[...filesIn(root), ...filesIn(run)].map((path) => readFileSync(path)))
    }
    for (const form of forms)
      assert.equal(
        everything.some((bytes) => bytes.includes(form)),
        false,
      )

    // Keys change in traffic, and a daemon ends and comes back, and nothing is lost; nor when a clock jumps, by which no lease is over and
    // no key is old.
    const clock = (jump: string) => must(['date', '-s', jump])
    clock('1 day')
    const before = spis(hosts.at(1).netns, '10.99.0.1')
    assert.deepEqual([before.sends.length, before.hears.length], [2, 2])
    const flow = (from: number, to: number) =>
      runAsync(['ping', '-c', '300', '-i', '0.01', '-n', '-q', `10.0.1.1${to}`], { netns: at(from) })
    const flows = [flow(1, 2), flow(2, 3)]
    assert.equal(await cnm(3).rotateKeys(), 2)
    await hosts.reopen(2)
    assert.equal(await cnm(1).rotateKeys(), 3)
    await settled()
    clock('2 days ago')
    for (const { stdout } of await Promise.all(flows)) assert.match(stdout, /300 received, 0% packet loss/)
    const after = spis(hosts.at(1).netns, '10.99.0.1')
    assert.deepEqual([after.sends.length, after.hears.length], [2, 2])
    assert.equal(
      [...after.sends, ...after.hears].some((spi) => [...before.sends, ...before.hears].includes(spi)),
      false,
    )
    assert.deepEqual(
      cnm(3)
        .nodes()
        .map(({ status, endpoints }) => [status, endpoints]),
      NUMBERS.map(() => ['ready', 1]),
    )
    assert.deepEqual((await ring()).keys.length, 1)
    clock('1 day')

    // Who leaves the network and comes again counts its packets anew, and has another session for it; so has one whose states are flushed.
    await cnm(1).removeSandbox('s1')
    assert.deepEqual(spis(hosts.at(1).netns, '10.99.0.1'), { sends: [], hears: [] })
    boxes.set(1, await hosts.sandbox(1, 's1', 'app', { ip: '10.0.1.11' }))
    await eventually('it reaches the others again', () => reaches(1, 2))
    const again = spis(hosts.at(1).netns, '10.99.0.1')
    assert.equal(
      again.sends.some((spi) => after.sends.includes(spi)),
      false,
    )
    must(['ip', 'xfrm', 'state', 'flush'], { netns: hosts.at(1).netns })
    must(['ip', 'xfrm', 'policy', 'flush'], { netns: hosts.at(1).netns })
    await cnm(1).verify('app', { repair: true })
    await eventually('what was flushed is back', () => reaches(1, 2))
    const flushed = spis(hosts.at(1).netns, '10.99.0.1')
    assert.equal(
      flushed.sends.some((spi) => [...after.sends, ...again.sends].includes(spi)),
      false,
    )

    // A node that is removed, and keeps all that it had, reads nothing and is not heard.
    const third = cnm(3).swarm()?.membership.node.id ?? ''
    const key = keyOf(3)
    await cnm(3).close()
    const kept = flow(1, 2)
    await cnm(1).removeNode(third, { force: true })
    await eventually('the others have another key', async () => (await ring()).keys.every(({ tag }) => tag > 3))
    assert.deepEqual(readable(swarm, await ring(), key), [])
    assert.equal(spis(hosts.at(3).netns, '10.99.0.3').sends.length > 0, true)
    for (const n of [1, 2]) assert.equal(await reaches(3, n), false)
    await settled()
    assert.match((await kept).stdout, /300 received, 0% packet loss/)
    const left = spis(hosts.at(1).netns, '10.99.0.1')
    assert.deepEqual([left.sends.length, left.hears.length], [1, 1])
    await hosts.reopen(3)

    // What is not needed any more is not there.
    await cnm(3).leaveSwarm({ force: true })
    for (const n of NUMBERS.slice(0, 2)) await cnm(n).removeSandbox(`s${n}`)
    await eventually('nobody is on the network', () =>
      cnm(1)
        .removeNetwork('app')
        .then(
          () => true,
          () => false,
        ),
    )

    // A network of a Docker swarm, call by call as its engines have it.
    await using sealed = await listen('esp')
    const engines = [1, 2].map((n) => ({ n, engine: new Engine(cnm(n), { network: 'overlay' }) }))
    const NetworkID = 'tpsrb6qv43t73irgaqp6comuo'
    const pools = { IPv4Data: [{ AddressSpace: '', Pool: '10.44.0.0/24', Gateway: '10.44.0.1/24' }], IPv6Data: null }
    const asked = { NetworkID, Options: { encrypted: '' }, ...pools }
    const { Options } = (await engines[0]?.engine.must('NetworkDriver.AllocateNetwork', asked)) ?? {}
    for (const { n, engine } of engines) {
      const EndpointID = String(n).padStart(64, String(n))
      const there = { NetworkID, EndpointID }
      await engine.must('NetworkDriver.CreateNetwork', { NetworkID, Options: { 'com.docker.network.generic': Options }, ...pools })
      const address = `10.44.0.1${n}/24`
      await engine.must('NetworkDriver.CreateEndpoint', { ...there, Interface: { Address: address }, Options: portMap([]) })
      const netns = hosts.space(`c${n}`)
      const { InterfaceName } = await engine.must('NetworkDriver.Join', { ...there, SandboxKey: netns })
      const { SrcName } = InterfaceName as { readonly SrcName: string }
      must(['ip', 'link', 'set', SrcName, 'netns', netns, 'name', 'eth0'], { netns: hosts.at(n).netns })
      must(['ip', 'addr', 'add', address, 'dev', 'eth0'], { netns })
      must(['ip', 'link', 'set', 'eth0', 'up'], { netns })
      boxes.set(n, netns)
    }
    await eventually('containers reach one another', () => pings(at(1), '10.44.0.12'))
    await eventually('by ESP', () => sealed.child.exitCode !== null)
    assert.equal(clear.child.exitCode, null)
    for (const { n, engine } of engines)
      for (const method of ['Leave', 'DeleteEndpoint', 'DeleteNetwork'])
        await engine.must(`NetworkDriver.${method}`, { NetworkID, EndpointID: String(n).padStart(64, String(n)) })
    await engines[0]?.engine.must('NetworkDriver.FreeNetwork', { NetworkID })

    for (const n of [2, 1]) await cnm(n).leaveSwarm({ force: true })
    for (const n of NUMBERS) {
      assert.deepEqual(
        [must(['ip', 'xfrm', 'state'], { netns: hosts.at(n).netns }), must(['ip', 'xfrm', 'policy'], { netns: hosts.at(n).netns })],
        ['', ''],
      )
      assert.deepEqual(readdirSync(hosts.at(n).root).includes('node.key'), false)
    }
    engine.close()
  },
)
