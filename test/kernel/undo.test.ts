import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { Lab } from '../support/lab.ts'
import { pinned, settled, snapshot } from '../support/snapshot.ts'

/** A step that every kernel refuses, put among the steps of a plan: the refusal is real, and so is what comes after it. */
const poison = { op: 'link.set', link: 'no-such-link', up: true } as const
/** One that is refused although nothing is gone: there is a link of that name. */
const obstacle = { op: 'link.add', kind: 'bridge', name: 'lo' } as const
const fate = vi.hoisted(() => ({ refuseAt: -1, steps: 0, down: false, full: false }))

vi.mock('../../lib/netlink/kernel.ts', async (original) => {
  const kernel = await original<typeof import('../../lib/netlink/kernel.ts')>()
  const apply: typeof kernel.apply = (places, plan, options) => {
    fate.steps = plan.length
    return kernel.apply(places, fate.refuseAt < 0 ? plan : [...plan.slice(0, fate.refuseAt), poison, ...plan.slice(fate.refuseAt)], options)
  }
  const applyLeniently: typeof kernel.applyLeniently = (places, plan) => {
    const here = fate.refuseAt >= 0 && fate.down
    if (here) fate.steps = plan.length
    return kernel.applyLeniently(places, here ? [...plan.slice(0, fate.refuseAt), obstacle, ...plan.slice(fate.refuseAt)] : plan)
  }
  return { ...kernel, apply, applyLeniently }
})

/** A disk that is full when a network is to be recorded. */
vi.mock('../../lib/store/store.ts', async (original) => {
  const { openStore } = await original<typeof import('../../lib/store/store.ts')>()
  return {
    openStore: async (options: Parameters<typeof openStore>[0]) => {
      const store = await openStore(options)
      const put: typeof store.networks.put = (network) => {
        if (fate.full) throw new Error('no space left')
        store.networks.put(network)
      }
      return { ...store, networks: { ...store.networks, put } }
    },
  }
})

let lab: Lab
let cnm: Controller

beforeEach(async () => {
  Object.assign(fate, { refuseAt: -1, down: false, full: false })
  lab = new Lab()
  cnm = await lab.open()
  await cnm.createNetwork({ name: 'base', enableIPv6: true })
  await cnm.createSandbox({
    name: 'there',
    networks: [{ network: 'base' }],
    ports: [{ protocol: 'tcp', hostIP: '', hostPort: 81, port: 81 }],
  })
})

afterEach(async () => {
  await cnm.close()
  await lab[Symbol.asyncDispose]()
})

const records = () => JSON.stringify([cnm.networks(), cnm.sandboxes(), cnm.sandboxes().map(({ id }) => cnm.seats(id))])

const verbs: Readonly<Record<string, () => Promise<unknown>>> = {
  'network create': () => cnm.createNetwork({ name: 'more', enableIPv6: true }),
  'sandbox create': () =>
    cnm.createSandbox({
      name: 'new',
      networks: [{ network: 'base', ip: '172.18.0.77' }, { network: 'bridge' }],
      ports: [{ protocol: 'udp', hostIP: '', hostPort: 82, port: 82 }],
    }),
  'network connect': () => cnm.connect('there', { network: 'bridge', gwPriority: 5 }),
}

describe.each(Object.entries(verbs))('%s', (_, verb) => {
  it('leaves nothing behind, whichever of its steps is refused', async () => {
    for (const netns of [lab.host, cnm.sandbox('there').path]) await settled(netns)
    const before = {
      ...snapshot(lab.host),
      inside: snapshot(cnm.sandbox('there').path),
      records: records(),
      pins: pinned(`${lab.run}/netns`),
    }
    fate.refuseAt = 0
    do {
      await expect(verb(), `step ${fate.refuseAt}`).rejects.toMatchObject({ code: 'KERNEL_REFUSED' })
      const after = {
        ...snapshot(lab.host),
        inside: snapshot(cnm.sandbox('there').path),
        records: records(),
        pins: pinned(`${lab.run}/netns`),
      }
      expect(after, `after a refusal before step ${fate.refuseAt}`).toEqual(before)
    } while (++fate.refuseAt <= fate.steps)
    // Nothing was claimed for good either: the same verb goes through now.
    fate.refuseAt = -1
    await verb()
  })
})

const takers: Readonly<Record<string, () => Promise<unknown>>> = {
  'network disconnect': () => cnm.disconnect('there', 'base'),
  'sandbox rm': () => cnm.removeSandbox('there'),
  'network rm': () => cnm.removeNetwork('lonely'),
}

describe.each(Object.entries(takers))('%s', (name, verb) => {
  it('takes away all it can and says what was refused, whichever of its steps it is', async () => {
    const look = () => ({ ...snapshot(lab.host), records: records(), pins: pinned(`${lab.run}/netns`) })
    const again = async () => {
      if (name === 'network rm') await cnm.createNetwork({ name: 'lonely' })
      if (name === 'network disconnect') await cnm.connect('there', { network: 'base' })
      if (name === 'sandbox rm') await cnm.createSandbox({ name: 'there', networks: [{ network: 'base' }] })
    }
    // Somebody stays on the bridge, which without any port has no carrier, nor what hangs on that.
    await cnm.createSandbox({ name: 'stays', networks: [{ network: 'base' }] })
    if (name === 'network rm') await again()
    await settled(lab.host)
    await verb()
    const clean = look()
    fate.down = true
    fate.refuseAt = 0
    do {
      const step = fate.refuseAt
      fate.refuseAt = -1
      await again()
      await settled(lab.host)
      fate.refuseAt = step
      await expect(verb(), `step ${step}`).rejects.toMatchObject({ code: 'KERNEL_REFUSED' })
      expect(look(), `after a refusal before step ${step}`).toEqual(clean)
    } while (++fate.refuseAt <= fate.steps)
  })
})

describe('a verb that cannot be recorded', () => {
  it('is undone at once, and its undo meets nothing that is newer', async () => {
    await settled(lab.host)
    const before = snapshot(lab.host)
    fate.full = true
    await expect(cnm.createNetwork({ name: 'one' })).rejects.toThrow('no space left')
    expect(snapshot(lab.host)).toEqual(before)
    fate.full = false
    await cnm.createNetwork({ name: 'two' })
    const after = snapshot(lab.host)
    await cnm.close()
    cnm = await lab.open()
    expect(snapshot(lab.host)).toEqual(after)
  })
})

describe('a sandbox whose removal was refused in part', () => {
  it('gives its address back', async () => {
    await cnm.createSandbox({ name: 'brief', networks: [{ network: 'base', ip: '172.18.0.88' }] })
    Object.assign(fate, { refuseAt: 0, down: true })
    await expect(cnm.removeSandbox('brief')).rejects.toMatchObject({ code: 'KERNEL_REFUSED' })
    Object.assign(fate, { refuseAt: -1, down: false })
    await cnm.createSandbox({ name: 'brief', networks: [{ network: 'base', ip: '172.18.0.88' }] })
  })
})
