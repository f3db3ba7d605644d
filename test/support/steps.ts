import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { DOOMED } from './built.ts'
import { Lab } from './lab.ts'
import { run } from './run.ts'
import { settled } from './snapshot.ts'

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

export const port = (hostPort: number) => ({ protocol: 'tcp' as const, hostIP: '', hostPort, port: 80 })

export interface Case {
  /** The verb as the controller has it, with its arguments. */
  readonly verb: readonly [string, ...unknown[]]
  /** Makes the verb possible. */
  readonly before?: (cnm: Controller, lab: Lab) => Promise<unknown>
  /** Takes the verb back where it was carried out. */
  readonly after: (cnm: Controller) => Promise<unknown>
}

export const gone = (work: Promise<unknown>) => work.catch(() => {})

/** Each verb, killed before and after each thing that it does. */
export const killedAtEachStep = (cases: Readonly<Record<string, Case>>) =>
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
            await before?.(cnm, lab)
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
        expect(steps.length).toBeGreaterThan(3)
      },
    )
  })
