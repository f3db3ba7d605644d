import { afterEach, beforeEach, expect, it } from 'vitest'
import { CNM, Host } from '../cli/host.ts'
import { must, runAsync } from '../support/run.ts'
import { pinned, retired, snapshot } from '../support/snapshot.ts'

let host: Host
let before: Record<string, string>

beforeEach(() => {
  host = new Host()
  before = snapshot(host.host)
})

afterEach(async () => {
  expect({ ...snapshot(host.host), retired: retired(host.host), pins: pinned(`${host.run}/netns`) }).toEqual({
    ...before,
    retired: '',
    pins: [],
  })
  await host[Symbol.asyncDispose]()
})

const range = (count: number) => Array.from({ length: count }, (_, i) => i)
const duplicates = (all: readonly string[]) => all.filter((one, i) => all.indexOf(one) < i)
/** As the kernel has it. */
const addressesIn = (netns: string) => must(['ip', '-4', '-o', 'addr', 'show', 'scope', 'global'], { netns }).match(/inet \S+/g) ?? []

it('two hundred sandboxes come and go at once', async () => {
  const cnm = await host.open()
  await cnm.createNetwork({ name: 'a', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
  await cnm.createNetwork({ name: 'b', ipam: { config: [{ subnet: '10.2.0.0/24' }] } })
  const come = async (n: number) => {
    const { path } = await cnm.createSandbox({ name: `s${n}`, networks: [{ network: 'a' }] })
    await cnm.connect(`s${n}`, { network: 'b' })
    return path
  }
  const paths = await Promise.all(range(200).map(come))
  const addresses = paths.flatMap(addressesIn)
  expect(addresses).toHaveLength(400)
  expect(duplicates(addresses)).toEqual([])
  // Half of them come again while the other half goes.
  const go = async (n: number) => {
    if (n % 2 === 0) return cnm.removeSandbox(`s${n}`)
    await cnm.disconnect(`s${n}`, 'b')
    return cnm.connect(`s${n}`, { network: 'b' })
  }
  await Promise.all(range(200).map(go))
  const left = cnm.sandboxes().flatMap(({ path }) => addressesIn(path))
  expect(left).toHaveLength(200)
  expect(duplicates(left)).toEqual([])
  await Promise.all(cnm.sandboxes().map(({ id }) => cnm.removeSandbox(id)))
  await Promise.all(['a', 'b'].map((name) => cnm.removeNetwork(name)))
  await cnm.close()
})

/** Processes that run at the same time; what each printed. */
async function atOnce(commands: readonly string[]): Promise<readonly string[]> {
  const environment = ['env', `CNM_ROOT=${host.root}`, `CNM_RUN=${host.run}`]
  const ended = await Promise.all(
    commands.map((line) => runAsync([...environment, process.execPath, CNM, ...line.split(' ')], { netns: host.host })),
  )
  expect(ended.filter(({ status, stderr }) => status !== 0 || stderr !== '')).toEqual([])
  return ended.map(({ stdout }) => stdout.trim())
}

it('ten processes at once', async () => {
  await host.must('network create --subnet 10.1.0.0/24 net')
  const names = range(10).map((n) => `s${n}`)
  expect(duplicates(await atOnce(names.map((name) => `sandbox create --name ${name} --network net`)))).toEqual([])
  {
    await using cnm = await host.open()
    const addresses = cnm.sandboxes().flatMap(({ path }) => addressesIn(path))
    expect(addresses).toHaveLength(10)
    expect(duplicates(addresses)).toEqual([])
  }
  await atOnce(names.flatMap((name, n) => (n % 2 === 0 ? `network disconnect net ${name}` : `network ls`)))
  await atOnce(names.map((name) => `sandbox rm ${name}`))
  await host.must('network rm net')
})

it('three hundred networks (four thousand: npm run soak:networks)', async () => {
  const cnm = await host.open()
  const networks = []
  for (const n of range(300)) networks.push(await cnm.createNetwork({ name: `n${n}` }))
  expect(duplicates(networks.flatMap(({ pools }) => pools.map(({ subnet }) => subnet)))).toEqual([])
  expect(must(['ip', '-o', 'link', 'show', 'type', 'bridge'], { netns: host.host }).match(/: br-/g)).toHaveLength(300)
  const { path } = await cnm.createSandbox({ name: 's', networks: [{ network: 'n299' }] })
  expect(addressesIn(path)).toHaveLength(1)
  await cnm.removeSandbox('s')
  await cnm.close()
  expect((await host.must('network ls -q')).split('\n')).toHaveLength(303)
  await host.must(['network', 'rm', ...networks.map(({ name }) => name)])
  expect((await host.must('network ls -q')).split('\n')).toHaveLength(3)
})
