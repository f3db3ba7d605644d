import { strict as assert } from 'node:assert'
import { setTimeout as pause } from 'node:timers/promises'
import { HOST4, HOST6, LAN4, LAN6, Lab } from '../support/lab.ts'
import { must, run, start } from '../support/run.ts'
import { pings } from '../support/traffic.ts'
import { scenario } from '../uml/harness.ts'

/** What a server at an address says; '' when nobody is there. A shell is a client that is quick to start. */
const ask = (netns: string, address: string, port: number): string =>
  run(['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port} && cat <&3`], { netns }).stdout.trim()

const links = (netns: string): string => must(['ip', '-br', 'link'], { netns })

scenario("a network with two families and a published port, on Debian's kernel", async () => {
  await using lab = new Lab()
  const before = links(lab.host)
  const cnm = await lab.open({ guard: true })
  try {
    await cnm.createNetwork({ name: 'front', enableIPv6: true, ipam: { config: [{ subnet: 'fd00:8::/64' }] } })
    await cnm.createNetwork({ name: 'back' })
    const ports = [{ protocol: 'tcp', port: 80, hostIP: '', hostPort: 8080 }] as const
    const web = await cnm.createSandbox({ name: 'web', networks: [{ network: 'front' }], ports })
    const db = await cnm.createSandbox({ name: 'db', networks: [{ network: 'back' }] })
    const [seat] = cnm.seats('web')
    const [address = '', address6 = ''] = [seat?.endpoint.address, seat?.endpoint.address6].map((text) => text?.replace(/\/\d+$/, ''))
    await using _ = await start(['busybox', 'sh', '-c', 'echo ready; exec busybox nc -ll -p 80 -e busybox echo web'], { netns: web.path })

    for (const far of [LAN4, LAN6]) assert.ok(await pings(web.path, far), `${far} from web`)
    for (const near of [address, address6]) assert.equal(await pings(lab.lan, near), false, `${near} from the LAN`)
    for (const own of [HOST4, HOST6]) assert.equal(ask(lab.lan, own, 8080), 'web', `${own}:8080 from the LAN`)
    assert.equal(ask(db.path, address, 80), '', 'web from another network')

    // Here IPv6 forwards for all links, this one too: it hears routers none the less, and forwards for nobody else.
    lab.neighbour('late', '203.0.113.1/24', '203.0.113.9/24')
    assert.equal(must(['sysctl', '-n', 'net.ipv6.conf.late.accept_ra'], { netns: lab.host }), '2\n')
    while (!must(['nft', 'list', 'set', 'inet', 'cnm', 'uplinks6'], { netns: lab.host }).includes('"late"')) await pause(200)
    must(['ip', 'link', 'del', 'late'], { netns: lab.host })

    for (const name of ['web', 'db']) await cnm.removeSandbox(name)
    for (const name of ['front', 'back']) await cnm.removeNetwork(name)
  } finally {
    await cnm.close()
  }
  assert.equal(links(lab.host), before)
  assert.equal(must(['nft', 'list', 'ruleset'], { netns: lab.host }), '')
})
