import { basename } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Plan } from '../../lib/model/op.ts'
import * as descriptor from '../../lib/netlink/descriptor.ts'
import { openStore } from '../../lib/store/store.ts'
import { DOOMED } from '../support/built.ts'
import { Lab } from '../support/lab.ts'
import { must, run } from '../support/run.ts'
import { settled, snapshot } from '../support/snapshot.ts'

let lab: Lab

beforeEach(() => void (lab = new Lab()))
afterEach(() => lab[Symbol.asyncDispose]())

const MORE = {
  name: 'more',
  options: { 'com.docker.network.bridge.name': 'theirs' },
  ipam: { config: [{ subnet: '10.7.0.0/24' }] },
}
const LAN = { subnet: '192.0.2.0/24', ipRange: '192.0.2.64/26', gateway: '192.0.2.2' }

const kill = (step: string, ...verb: unknown[]) =>
  expect(run([process.execPath, DOOMED, lab.root, lab.run, lab.host, step, JSON.stringify(verb)])).toMatchObject({
    stdout: step,
    stderr: '',
  })

const ip = (netns: string, line: string) => void must(['ip', ...line.split(' ')], { netns })

/** Somebody's own link, with all that ours of that name would have had. */
function putInPlace(netns: string, link: string, address: string): void {
  if (run(['ip', 'link', 'show', 'dev', link], { netns }).status === 0) ip(netns, `link del ${link}`)
  ip(netns, `link add ${link} type bridge`)
  ip(netns, `addr add ${address} dev ${link}`)
  ip(netns, `link set ${link} up`)
}

/** A namespace of somebody's. */
function guest(): string {
  const name = `${basename(lab.host)}-guest`
  must(['ip', 'netns', 'add', name])
  onTestFinished(() => void run(['ip', 'netns', 'del', name]))
  return `/run/netns/${name}`
}

/** What belongs to links; rules of the one that was killed go. */
const look = ({ links, addresses, routes4, routes6 }: Record<string, string>) => ({ links, addresses, routes4, routes6 })

/** The next controller leaves a namespace as it is, and the journal empty. */
async function expectSpared(netns: string): Promise<void> {
  await settled(netns)
  const had = look(snapshot(netns))
  await using cnm = await lab.open()
  expect(look(snapshot(netns))).toEqual(had)
  await cnm.close()
  expect(await unfinished()).toEqual([])
}

async function unfinished(add: readonly Plan[] = []) {
  const store = await openStore({ descriptor, root: lab.root, run: lab.run })
  try {
    for (const plan of add) store.journal.add({ plan })
    return store.journal.list()
  } finally {
    await store.close()
  }
}

describe('what was killed, and a link of the same name that somebody has made meanwhile', () => {
  it.each(['before link.add', 'after addr.add', 'after nft'])('a network that was being made: %s', async (step) => {
    await (await lab.open()).close()
    kill(step, 'createNetwork', MORE)
    putInPlace(lab.host, 'theirs', '10.7.0.1/24')
    await expectSpared(lab.host)
  })

  it.each(['commit live.mdb', 'after link.set'])('a network that was being removed: %s', async (step) => {
    await using cnm = await lab.open()
    await cnm.createNetwork(MORE)
    await cnm.close()
    kill(step, 'removeNetwork', 'more')
    putInPlace(lab.host, 'theirs', '10.7.0.1/24')
    await expectSpared(lab.host)
  })

  const cases = [
    ['web', 'disconnect', ['guest', 'web']],
    ['web', 'removeSandbox', ['guest']],
    ['lan', 'disconnect', ['guest', 'lan']],
    ['lan', 'removeSandbox', ['guest']],
  ] as const
  it.each(cases.flatMap((each) => ['commit live.mdb', 'after link.set'].map((step) => [...each, step] as const)))(
    'an endpoint on %s in a namespace that was joined: %s %s, %s',
    async (network, verb, args, step) => {
      const path = guest()
      {
        await using cnm = await lab.open()
        await cnm.createNetwork({ name: 'web', ipam: { config: [{ subnet: '10.7.0.0/24' }] } })
        await cnm.createNetwork({ name: 'lan', driver: 'macvlan', options: { parent: 'lan0' }, ipam: { config: [LAN] } })
        await cnm.createSandbox({ name: 'guest', path, networks: [{ network }] })
      }
      const address = /inet (\S+)/.exec(must(['ip', '-4', 'addr', 'show', 'dev', 'eth0'], { netns: path }))?.[1] ?? ''
      kill(step, verb, ...args)
      putInPlace(path, 'eth0', address)
      await expectSpared(path)
    },
  )

  it('an endpoint that was being made in a namespace that was joined', async () => {
    const path = guest()
    {
      await using cnm = await lab.open()
      await cnm.createNetwork({ name: 'web', ipam: { config: [{ subnet: '10.7.0.0/24' }] } })
      await cnm.createSandbox({ name: 'guest', path, networks: [] })
    }
    kill('put journal', 'connect', 'guest', { network: 'web', ip: '10.7.0.9' })
    putInPlace(path, 'eth0', '10.7.0.9/24')
    ip(path, 'route add default via 10.7.0.1')
    await expectSpared(path)
  })
})

describe('what cannot be finished', () => {
  const refused: Plan = [{ op: 'sysctl', path: 'net/ipv4/ip_forward', value: 'much' }]
  const invalid = [{ op: 'link.vanish', link: 'lan0' }] as unknown as Plan

  it.each([
    ['what the kernel refuses', refused, 'net.ipv4.ip_forward'],
    ['a plan that is none', invalid, 'link.vanish'],
  ])('%s is tried once, and told', async (_, plan, words) => {
    await (await lab.open()).close()
    expect(await unfinished([plan, [{ op: 'sysctl', path: 'net/ipv4/ip_forward', value: '1' }]])).toHaveLength(2)
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    await using cnm = await lab.open()
    expect(warn.mock.calls).toEqual([[expect.stringContaining(words), { code: 'CNM_UNFINISHED' }]])
    expect(must(['sysctl', '-n', 'net.ipv4.ip_forward'], { netns: lab.host }).trim()).toBe('1')
    await cnm.close()
    expect(await unfinished()).toEqual([])
  })
})
