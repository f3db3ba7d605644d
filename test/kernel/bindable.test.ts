import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { isBindable } from '../../lib/netlink/namespace.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'
import { serve } from '../support/traffic.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  for (const netns of spaces.paths) must(['ip', 'link', 'set', 'lo', 'up'], { netns })
})
afterEach(() => spaces[Symbol.asyncDispose]())

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const ask = (protocol: 'tcp' | 'udp', address: string, port = 80, at = 0) =>
  isBindable(spaces.netns[at] ?? expect.fail(), protocol, bytes(address), port)

describe.each(['tcp', 'udp'] as const)('%s', (protocol) => {
  it.each([
    ['127.0.0.1', ['127.0.0.1', '0.0.0.0'], ['127.0.0.2', '::', '::1']],
    ['::1', ['::1', '::'], ['0.0.0.0', '127.0.0.1']],
    ['::', ['::', '::1', '0.0.0.0', '127.0.0.1'], []],
  ])('who listens on %s has %j, and not %j', async (address, held, free) => {
    await using _server = await serve(spaces.paths[0], protocol, address, 80)
    for (const each of held) expect([each, await ask(protocol, each)]).toEqual([each, false])
    for (const each of free) expect([each, await ask(protocol, each)]).toEqual([each, true])
    expect([await ask(protocol, address, 81), await ask(protocol, address, 80, 1)]).toEqual([true, true])
  })

  it('asked, nothing is held', async () => {
    expect(await ask(protocol, '0.0.0.0')).toBe(true)
    await using _server = await serve(spaces.paths[0], protocol, '0.0.0.0', 80)
    expect(await ask(protocol, '0.0.0.0')).toBe(false)
  })
})

it('an address that the namespace does not have is refused', async () => {
  await expect(ask('tcp', '192.0.2.1')).rejects.toMatchObject({ errno: -99 })
})

it.each([
  ['protocol', ['sctp', new Uint8Array(4), 80]],
  ['address', ['tcp', new Uint8Array(5), 80]],
  ['port', ['tcp', new Uint8Array(4), 0]],
  ['port', ['tcp', new Uint8Array(4), 65_536]],
])('misuse of %s: %j', (field, rest) => {
  const call = () => addon().isBindable(spaces.netns[0] ?? expect.fail(), ...(rest as [any, any, any]))
  expect(call).toThrow(expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringMatching(`^${field}: `) }))
})
