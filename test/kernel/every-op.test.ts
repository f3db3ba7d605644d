import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op, Outcome } from '../../binding.d.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printOp } from '../../lib/model/print.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { applyLeniently } from '../../lib/netlink/kernel.ts'
import type { Netns } from '../../lib/netlink/namespace.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'
import { type Cases, type Elsewhere, type Here, type Name, THIRD } from './every-op/case.ts'
import { links } from './every-op/links.ts'
import { neighbours } from './every-op/neighbours.ts'
import { packets } from './every-op/packets.ts'
import { routes } from './every-op/routes.ts'
import { shaping } from './every-op/shaping.ts'

const ops: Cases = { ...links, ...routes, ...neighbours, ...shaping, ...packets }

let spaces: Spaces
let all: readonly Netns[]
let paths: readonly string[]
beforeEach(async () => {
  spaces = await Spaces.open()
  paths = [...spaces.paths, join(spaces.folder, 'third'), join(spaces.folder, 'none', 'fourth')]
  all = paths.map((path) => addon().Netns.at(path))
})
afterEach(async () => {
  await applyLeniently(all, [{ op: 'netns.del', at: THIRD }])
  for (const netns of all) netns.close()
  await spaces[Symbol.asyncDispose]()
})

/** 0, or the errno. */
const outcome = async (...plan: readonly Op[]): Promise<number> => refusalOf(await addon().apply(all, plan, 1))?.errno ?? 0
const refusalOf = ({ refusal }: Outcome) => refusal

const here = Object.entries<Here<Name> | Elsewhere>(ops).flatMap(([name, each]) => ('elsewhere' in each ? [] : [[name, each] as const]))

describe.each(here)('%s', (_, each) => {
  const { op, sees, again, wrong, back = undoOf([op]) } = each
  const look = () => (each.look === null ? '' : must(each.look.split(' '), { netns: spaces.paths[0] }))
  const done = () => sees.test(look()) !== (each.gone === true)
  const give = () => {
    for (const command of each.given ?? []) must(command.split(' '), { netns: spaces.paths[0] })
    expect(each.look === null || !done()).toBe(true)
  }
  beforeEach(async () => {
    expect(await outcome(...(each.before ?? []))).toBe(0)
    give()
  })

  it('is done, repeated, taken back, and done by the command that it prints', async () => {
    expect(await outcome(op)).toBe(0)
    expect(done()).toBe(true)
    expect(await outcome(op)).toBe(again)
    expect(done()).toBe(true)
    if (back === 'nothing') expect(undoOf([op])).toEqual([])
    else expect(await outcome(...back)).toBe(0)
    give()
    if (each.shown !== undefined) return expect(readFileSync(join(import.meta.dirname, each.shown), 'utf8')).toContain('paste(')
    paste(printOp(op, paths), { netns: spaces.paths[1] })
    expect(done()).toBe(true)
  })

  it('is refused, and so is the command that the error ends with', async () => {
    const { refusal } = await addon().apply(all, [wrong], 1)
    expect(refusal).toMatchObject({ op: 0, ...each.refusal })
    expect(() => paste(printOp(wrong, paths), { netns: spaces.paths[1] })).toThrow()
    expect(each.look === null || !done()).toBe(true)
  })
})

it('what this kernel lacks is shown where one has it', () => {
  for (const [name, each] of Object.entries(ops)) {
    if ('elsewhere' in each)
      expect(readFileSync(each.elsewhere, 'utf8')).toContain(each.elsewhere.includes('wireguard') ? 'encrypted' : `'${name}'`)
  }
})
