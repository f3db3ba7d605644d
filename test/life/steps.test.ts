import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { Lab } from '../support/lab.ts'
import { must, run } from '../support/run.ts'
import { settled } from '../support/snapshot.ts'

const DOOMED = fileURLToPath(new URL('../support/doomed.cjs', import.meta.url))

let lab: Lab

beforeEach(async () => {
  lab = new Lab()
  await using cnm = await lab.open()
  await cnm.createNetwork({ name: 'base', enableIPv6: true })
  await cnm.createNetwork({ name: 'other' })
  await cnm.createNetwork({
    name: 'lan',
    driver: 'macvlan',
    options: { parent: 'lan0', 'cnm.host_access': 'true' },
    ipam: { config: [LAN] },
  })
  await cnm.createSandbox({ name: 'there', networks: [{ network: 'base' }], ports: [port(8080)] })
  await settled(lab.host)
})

afterEach(() => lab[Symbol.asyncDispose]())

const LAN = { subnet: '192.0.2.0/24', ipRange: '192.0.2.64/26', gateway: '192.0.2.2' }

const port = (hostPort: number) => ({ protocol: 'tcp' as const, hostIP: '', hostPort, port: 80 })

interface Case {
  /** The verb as the controller has it, with its arguments. */
  readonly verb: readonly [string, ...unknown[]]
  /** Makes the verb possible. */
  readonly before?: (cnm: Controller) => Promise<unknown>
  /** Takes the verb back where it was carried out. */
  readonly after: (cnm: Controller) => Promise<unknown>
}

const gone = (work: Promise<unknown>) => work.catch(() => {})

const RATES = { 'cnm.rate.in': '10mbit', 'cnm.rate.out': '10mbit' }

const cases: Readonly<Record<string, Case>> = {
  'a network is made': { verb: ['createNetwork', { name: 'more', enableIPv6: true }], after: (cnm) => gone(cnm.removeNetwork('more')) },
  'a network is removed': {
    before: (cnm) => cnm.createNetwork({ name: 'more', enableIPv6: true }),
    verb: ['removeNetwork', 'more'],
    after: (cnm) => gone(cnm.removeNetwork('more')),
  },
  'a sandbox is made': {
    verb: ['createSandbox', { name: 'new', networks: [{ network: 'base', options: RATES }, { network: 'lan' }], ports: [port(8081)] }],
    after: (cnm) => gone(cnm.removeSandbox('new')),
  },
  'a sandbox is removed': {
    before: (cnm) => cnm.createSandbox({ name: 'old', networks: [{ network: 'base' }, { network: 'lan' }], ports: [port(8081)] }),
    verb: ['removeSandbox', 'old'],
    after: (cnm) => gone(cnm.removeSandbox('old')),
  },
  'the first sandbox on bridge': {
    verb: ['createSandbox', { name: 'new', networks: [{ network: 'bridge' }] }],
    after: (cnm) => gone(cnm.removeSandbox('new')),
  },
  'the last sandbox on bridge': {
    before: (cnm) => cnm.createSandbox({ name: 'old', networks: [{ network: 'bridge' }] }),
    verb: ['removeSandbox', 'old'],
    after: (cnm) => gone(cnm.removeSandbox('old')),
  },
  'a sandbox is connected': {
    verb: ['connect', 'there', { network: 'other', gwPriority: 1 }],
    after: (cnm) => gone(cnm.disconnect('there', 'other')),
  },
  'a sandbox is disconnected': {
    before: (cnm) => cnm.connect('there', { network: 'lan' }),
    verb: ['disconnect', 'there', 'lan'],
    after: (cnm) => gone(cnm.disconnect('there', 'lan')),
  },
  'an address is reserved': { verb: ['reserve', 'base', 'db', '172.18.0.77'], after: (cnm) => gone(cnm.unreserve('base', 'db')) },
  'rules are written anew': { verb: ['reloadFirewall'], after: async () => {} },
  'a bridge is mended': {
    before: async () =>
      void must(['sh', '-c', 'ip link del $(ip -o link show type bridge | grep -o "br-[0-9a-f]*" | head -1)'], { netns: lab.host }),
    verb: ['repair'],
    after: (cnm) => cnm.repair(),
  },
}

describe('killed at each of its steps', () => {
  it.each(Object.entries(cases))(
    '%s: nothing is left of it, or all is done',
    { timeout: 400_000 },
    async (name, { verb, before, after }) => {
      const steps: string[] = []
      const isMended = name === 'a bridge is mended'
      for (let step = 0; steps.at(-1) !== 'survived'; step++) {
        {
          await using cnm = await lab.open()
          await before?.(cnm)
        }
        const { stdout, stderr } = run([process.execPath, DOOMED, lab.root, lab.run, lab.host, String(step), JSON.stringify(verb)])
        expect(stderr).toBe('')
        steps.push(stdout)
        await using cnm = await lab.open()
        const left = (await cnm.findings()).filter(({ code }) => !(isMended && code.endsWith('_DRIFT')))
        expect(left, `killed at step ${step}, ${stdout}`).toEqual([])
        await after(cnm)
        await settled(lab.host)
        expect(await cnm.findings(), `taken back after step ${step}, ${stdout}`).toEqual([])
      }
      expect(steps.length).toBeGreaterThan(5)
    },
  )
})
