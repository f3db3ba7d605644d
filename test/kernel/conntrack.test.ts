import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConntrackDel, Op } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'
import { ask, serve } from '../support/traffic.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))

/** Namespace 0 has the service addresses, and sends what comes to them to the server in namespace 1. */
const families = [
  { family: 4, name: 'ipv4', own: '10.0.0.1', server: '10.0.0.2', one: '10.9.0.1', two: '10.9.0.2', prefix: 24, single: 32 },
  { family: 6, name: 'ipv6', own: 'fd00::1', server: 'fd00::2', one: 'fd09::1', two: 'fd09::2', prefix: 64, single: 128 },
] as const

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.set', link: 'lo', up: true },
    { op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'eth0', at: 1 } },
    { op: 'link.set', at: 1, link: 'eth0', up: true },
    ...families.flatMap(({ own, server, one, two, prefix, single }): readonly Op[] => [
      { op: 'addr.add', link: 'v0', address: bytes(own), prefix },
      { op: 'addr.add', at: 1, link: 'eth0', address: bytes(server), prefix },
      ...[one, two].flatMap((address): readonly Op[] => [
        { op: 'addr.add', link: 'lo', address: bytes(address), prefix: single },
        { op: 'route.add', at: 1, to: bytes(address), prefix: single, via: bytes(own) },
      ]),
    ]),
  )
  const rules = families.map(({ name, server, one }) => {
    const [ip, to] = name === 'ipv4' ? ['ip', `${server}:80`] : ['ip6', `[${server}]:80`]
    return `add rule inet t aim ${ip} daddr ${one} meta l4proto { tcp, udp } dnat ${ip} to ${to}`
  })
  const chain = 'add chain inet t aim { type nat hook output priority -100; }'
  must(['nft', ['add table inet t', chain, ...rules].join('\n')], { netns: spaces.paths[0] })
})
afterEach(() => spaces[Symbol.asyncDispose]())

/** Lines of the witness: each is a connection. */
const look = (name: string): readonly string[] =>
  must(['conntrack', '-L', '-f', name, '-o', 'extended'], { netns: spaces.paths[0] })
    .split('\n')
    .filter((line) => /\b(tcp|udp) /.test(line))

describe.each(families)('$name', ({ family, name, server, one, two, own }) => {
  const del = { op: 'conntrack.del', family } as const
  /** Connections as a DNAT leaves them: to `one` twice by UDP, once with a zone; to both by TCP, to `two` with a mark. */
  const fill = () => {
    const insert = (...argv: string[]) =>
      must(['conntrack', '-I', '-s', own, '-t', '600', '-u', 'SEEN_REPLY', '-q', own, ...argv], { netns: spaces.paths[0] })
    const udp = ['-p', 'udp', '--sport', '40000', '--reply-port-src', '80', '--reply-port-dst', '40000']
    const tcp = ['-p', 'tcp', '--state', 'ESTABLISHED', '--sport', '40000', '--reply-port-dst', '40000']
    insert(...udp, '-d', one, '-r', server, '--dport', '5000')
    insert(...udp, '-d', one, '-r', server, '--dport', '53', '-w', '7')
    insert(...tcp, '-d', one, '-r', server, '--dport', '5001', '--reply-port-src', '80')
    insert(...tcp, '-d', two, '-r', two, '--dport', '5001', '--reply-port-src', '5001', '-m', '18')
    expect(look(name)).toHaveLength(4)
  }
  /** Which connections go: those whose line has all of this. */
  const filters: Readonly<Record<string, readonly [Omit<ConntrackDel, 'op' | 'family'>, readonly string[], number]>> = {
    proto: [{ proto: 'udp' }, ['udp '], 2],
    'where it was sent': [{ origDst: bytes(one) }, [`dst=${one} `], 3],
    'where it was sent, with the port': [{ proto: 'tcp', origDst: bytes(two), origDport: 5001 }, [`dst=${two} `, 'dport=5001 '], 1],
    'where it was sent, with one of several ports': [{ proto: 'udp', origDport: 4998, origDportEnd: 5000 }, ['udp ', 'dport=5000 '], 1],
    'who answers': [{ proto: 'udp', replySrc: bytes(server), replySport: 80 }, [`src=${server} dst=${own} sport=80 `, 'udp '], 2],
    mark: [{ mark: 0x12 }, ['mark=18 '], 1],
    'part of a mark': [{ mark: 2, mask: 2 }, ['mark=18 '], 1],
    zone: [{ zone: 7 }, ['zone=7 '], 1],
  }

  it.each(Object.entries(filters))('those that fit go, by %s, and no others', async (_, [filter, marks, fit]) => {
    fill()
    const rest = look(name).filter((line) => !marks.every((mark) => line.includes(mark)))
    const { count } = await spaces.do({ ...del, ...filter })
    expect([...count]).toEqual([fit])
    const tuples = (lines: readonly string[]) => lines.map((line) => /\w+=.*/.exec(line.replace(/\[\w+\] /g, ''))?.[0]).sort()
    expect(tuples(look(name))).toEqual(tuples(rest))
    // Once more: there are none, and that is well.
    expect([...(await spaces.do({ ...del, ...filter })).count]).toEqual([0])
  })

  // Which fails for a port that nothing was sent to.
  const alone = Object.entries(filters).filter(([, [{ origDportEnd }]]) => origDportEnd === undefined)

  it.each(alone)('so do they by what is printed, by %s', async (_, [filter, marks, fit]) => {
    fill()
    paste(printPlan([{ ...del, ...filter }]), { netns: spaces.paths[0] })
    expect(look(name)).toHaveLength(4 - fit)
    expect(look(name).some((line) => marks.every((mark) => line.includes(mark)))).toBe(false)
  })

  it.each([
    ['began', [own, one], 4],
    ['answers to', [server], 3],
    ['answers to, one of several', [one, two], 1],
    ['is only sent to', [one], 0],
  ])('go by the address that %s', async (_, addresses, fit) => {
    const many = { op: 'conntrack.delMany', family, addresses: Buffer.concat(addresses.map(bytes)) } as const
    fill()
    expect([...(await spaces.do(many)).count]).toEqual([fit])
    expect(look(name)).toHaveLength(4 - fit)
    expect([...(await spaces.do(many)).count]).toEqual([0])
    const singly = addresses.map(bytes).flatMap((address) => [
      { ...del, origSrc: address },
      { ...del, replySrc: address },
    ])
    expect(printPlan([many])).toBe(printPlan(singly))
  })

  it('of real traffic are read as rows, and forgotten', async () => {
    await using _tcp = await serve(spaces.paths[1], 'tcp', server, 80)
    await using _udp = await serve(spaces.paths[1], 'udp', server, 80)
    expect(await ask(spaces.paths[0], 'udp', one, 5000)).toBe(one)
    expect(await ask(spaces.paths[0], 'tcp', one, 5001)).toBe(one)
    const [netns] = spaces.netns
    const found = (await dump(netns ?? expect.fail(), 'conntrack')).filter(({ orig }) => [5000, 5001].includes(orig.dport))
    const [src, to] = [parseAddress(one), parseAddress(server)]
    const row = (proto: number, dport: number, sport = 0) => ({
      proto,
      orig: { src, dst: src, sport, dport },
      reply: { src: to, dst: src, sport: 80, dport: sport },
    })
    const sports = found.map(({ orig }) => orig.sport)
    const kinds = found.map(({ proto }) => proto)
    expect(kinds.toSorted()).toEqual([17, 6])
    expect(found).toMatchObject(found.map(({ proto }, i) => row(proto, proto === 6 ? 5001 : 5000, sports[i])))
    for (const sport of sports) expect(look(name).some((line) => line.includes(`dst=${one} sport=${sport} `))).toBe(true)
    expect([...(await spaces.do({ ...del, origDst: bytes(one) })).count]).toEqual([2])
    expect(look(name).filter((line) => line.includes(`dst=${one} `))).toEqual([])
  })
})

it('ports side by side are printed as a command each', () => {
  const text = printPlan([{ op: 'conntrack.del', family: 4, proto: 'udp', origDport: 53, origDportEnd: 55 }])
  expect(text).toBe([53, 54, 55].map((port) => `conntrack -D -f ipv4 -p udp --orig-port-dst ${port}`).join('\n'))
})

it('what was forgotten is not taken back', () => {
  expect(undoOf([{ op: 'conntrack.del', family: 4, proto: 'udp' }])).toEqual([])
  expect(undoOf([{ op: 'conntrack.delMany', family: 4, addresses: new Uint8Array(4) }])).toEqual([])
})

it.each([
  ['family', { family: 5, proto: 'udp' }],
  ['family', { family: 4 }],
  ['proto', { family: 4, proto: 'ipx' }],
  ['origSrc', { family: 4, origSrc: new Uint8Array(16) }],
  ['origDport', { family: 4, origDport: 53 }],
  ['origDportEnd', { family: 4, proto: 'udp', origDportEnd: 53 }],
  ['origDportEnd', { family: 4, proto: 'udp', origDport: 53, origDportEnd: 52 }],
  ['replySport', { family: 4, proto: 'icmp', replySport: 53 }],
  ['origSport', { family: 4, proto: 'udp', origSport: 65536 }],
  ['mask', { family: 4, proto: 'udp', mask: 1 }],
  ['zone', { family: 4, zone: 65536 }],
])('a wrong %s is misuse', (field, filter) => {
  expect(() => spaces.apply({ op: 'conntrack.del', ...filter } as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})

it.each([
  ['family', { family: 5, addresses: new Uint8Array(4) }],
  ['addresses', { family: 4 }],
  ['addresses', { family: 6, addresses: new Uint8Array(4) }],
])('of many, a wrong %s is misuse', (field, op) => {
  expect(() => spaces.apply({ op: 'conntrack.delMany', ...op } as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})
