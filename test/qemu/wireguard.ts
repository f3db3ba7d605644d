import { strict as assert } from 'node:assert'
import type { ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { WireguardKeys } from '../../lib/index.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { Hosts } from '../support/hosts.ts'
import { must, run, runAsync, start } from '../support/run.ts'
import { scenario } from '../uml/harness.ts'

/** A key pair of Curve25519. */
function pair(): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } {
  const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  return { privateKey: Buffer.from(d, 'base64url'), publicKey: Buffer.from(x, 'base64url') }
}

/** The first one shakes hands. */
const pings = (netns: string, address: string, wait = '5'): boolean =>
  run(['ping', '-c', '1', '-W', wait, '-n', address], { netns }).status === 0

/** Ends when it has seen one between the hosts. */
const listen = (hosts: Hosts, filter: string) =>
  start(['sh', '-c', `exec tcpdump -i br0 -n -l --immediate-mode -c 1 '${filter}' 2>&1`], { netns: hosts.underlay })

/** It has seen what it was to see. */
const ended = async ({ child }: { readonly child: ChildProcess }): Promise<unknown> => child.exitCode === null && once(child, 'exit')

scenario('WireGuard carries an overlay network, and nothing else does; who has another key is not heard', async () => {
  await using hosts = await Hosts.open(2)
  await hosts.network('app', 4097, ['10.0.1.0/24', 'fd00:1::/64'], { internal: true, options: { encrypted: 'wireguard' } })
  const box = await hosts.sandbox(1, 's1', 'app', { ip: '10.0.1.11', ip6: 'fd00:1::11' })
  await hosts.sandbox(2, 's2', 'app', { ip: '10.0.1.12', ip6: 'fd00:1::12' })
  await hosts.tell('app')
  const pairs = [pair(), pair()]
  const keysOf = (n: number, other = pairs[2 - n]): WireguardKeys => ({
    privateKey: pairs[n - 1]?.privateKey ?? new Uint8Array(),
    peers: other ? { [`10.99.0.${3 - n}`]: other.publicKey } : {},
  })
  const set = (n: number, keys: WireguardKeys | null) => hosts.at(n).cnm.setWireguardKeys(keys)
  await using clear = await listen(hosts, 'udp and port 4789')
  // A message of the kind that carries data.
  await using sealed = await listen(hosts, 'udp and port 51820 and udp[8] == 4')

  // Without keys nothing leaves.
  assert.equal(pings(box, '10.0.1.12', '1'), false)
  for (const n of [1, 2]) await set(n, keysOf(n))
  assert.equal(pings(box, '10.0.1.12'), true)
  assert.equal(pings(box, 'fd00:1::12'), true)
  await ended(sealed)
  const derivation = '1500 of eth0 - 20 IPv4 - 8 UDP - 16 WireGuard - 16 Poly1305 - 20 IPv4 - 8 UDP - 8 VXLAN - 14 Ethernet'
  assert.deepEqual(await hosts.at(1).cnm.mtu('app'), { bytes: 1390, derivation })
  const edge = (size: number) =>
    run(['ping', '-M', 'do', '-c', '1', '-W', '1', '-s', String(size - 28), '10.0.1.12'], { netns: box }).status
  assert.deepEqual([edge(1390), edge(1391)], [0, 1])

  // The same keys again, and a daemon that ends and comes back, cost nothing.
  // ping waits for the last answer as long as between two, and this guest may have little of a processor.
  const flow = runAsync(['ping', '-c', '60', '-i', '0.2', '-n', '-q', '10.0.1.12'], { netns: box })
  for (let again = 0; again < 100; again++) await set(1, keysOf(1))
  await hosts.reopen(2)
  await set(2, keysOf(2))
  assert.match((await flow).stdout, /60 received/)
  assert.deepEqual(await hosts.at(1).cnm.findings(), [])
  assert.equal(clear.child.exitCode, null)

  // Whoever speaks in the clear is not heard: nobody listens there.
  const forger = hosts.join('forger', 6)
  const inside = (line: string) => must(line.split(' '), { netns: forger })
  // Bytes that came in; what a sandbox says to all gets no further, and is counted beside.
  const heard = () => /vxlan0: *(\d+)/.exec(must(['cat', '/proc/net/dev'], { netns: hosts.home(2, 'app') }))?.[1]
  inside('ip link add vx0 type vxlan id 4097 local 10.99.0.6 dstport 4789')
  inside('bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.99.0.2')
  inside('ip addr add 10.0.1.66/24 dev vx0')
  inside('ip link set vx0 up')
  const before = heard()
  assert.equal(pings(forger, '10.0.1.12', '1'), false)
  await ended(clear)
  assert.equal(heard(), before)

  // Nor is somebody with another key, or with none.
  await set(1, keysOf(1, pair()))
  assert.equal(pings(box, '10.0.1.12', '1'), false)
  await set(1, keysOf(1))
  assert.equal(pings(box, '10.0.1.12'), true)
  await set(1, null)
  assert.equal(pings(box, '10.0.1.12', '1'), false)
  await assert.rejects(set(1, { privateKey: new Uint8Array(31), peers: {} }), { code: 'KEYS_INVALID' })

  // The port is free at once, and nothing is left.
  await set(1, keysOf(1))
  for (const _ of [1, 2]) {
    await hosts.at(1).cnm.removeSandbox('s1')
    assert.equal(must(['ip', '-br', 'link'], { netns: hosts.at(1).netns }).includes('wg'), false)
    await hosts.sandbox(1, 's1', 'app')
  }
})

scenario('in a swarm nobody has to tell keys', async () => {
  await using hosts = await Hosts.open(2)
  await using etcd = await EtcdCluster.start()
  const { cnm: first } = hosts.at(1)
  await first.initSwarm({ engine: etcd.engine(), advertise: 'eth0', heartbeat: 20 })
  await hosts.at(2).cnm.joinSwarm({ engine: etcd.engine(), token: await first.joinToken(), advertise: 'eth0' })
  await first.createNetwork({ name: 'app', driver: 'overlay', attachable: true, internal: true, options: { encrypted: 'wireguard' } })
  const known = () =>
    hosts
      .at(2)
      .cnm.networks()
      .some(({ name }) => name === 'app')
  for (let patience = 200; !known() && patience > 0; patience--) await pause(50)
  await using clear = await listen(hosts, 'udp and port 4789')
  await using sealed = await listen(hosts, 'udp[8] == 4')
  const box = await hosts.sandbox(1, 's1', 'app')
  await hosts.sandbox(2, 's2', 'app', { ip: '10.0.1.99' })
  let reached = false
  for (let patience = 20; !reached && patience > 0; patience--) {
    // In this process, they hear of one another in between.
    await pause(50)
    reached = pings(box, '10.0.1.99', '1')
  }
  assert.equal(reached, true)
  await ended(sealed)
  assert.equal(clear.child.exitCode, null)
  for (const n of [1, 2]) await hosts.at(n).cnm.removeSandbox(`s${n}`)
  for (const n of [2, 1]) await hosts.at(n).cnm.leaveSwarm({ force: true })
})
