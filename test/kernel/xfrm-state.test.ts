import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op, Refusal, XfrmStatePut } from '../../binding.d.ts'
import { commit } from '../../lib/controller/execution/commit.ts'
import { Deletion } from '../../lib/controller/execution/deletion.ts'
import { Envoy } from '../../lib/controller/remote/envoy.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { apply, dump, dumpColumns } from '../../lib/netlink/kernel.ts'
import { isGone } from '../../lib/netlink/refusal.ts'
import { Plugins } from '../../lib/plugins/plugins.ts'
import { encode } from '../../lib/store/codec.ts'
import type { Store } from '../../lib/store/store.ts'
import { lacks } from '../support/lacks.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const key = (length: number, first: number): Uint8Array => Uint8Array.from({ length }, (_, i) => first + i)
const hex = (given: Uint8Array): string => `0x${Buffer.from(given).toString('hex')}`

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

const netns = () => spaces.netns[0] ?? expect.fail()
const refused = async (op: Op) => (await spaces.apply(op)).refusal
/** Without when it was made. */
const states = () => must(['ip', '-s', 'xfrm', 'state'], { netns: spaces.paths[0] }).replace(/add \d.*/g, '')

const ends = { src: bytes('10.0.0.1'), dst: bytes('10.0.0.2'), proto: 'esp', spi: 0x1001, mode: 'transport' } as const
const gcm = { name: 'rfc4106(gcm(aes))', key: key(20, 0xa0), icv: 64 }
const overlay = { ...ends, aead: gcm, reqid: 13681891, replayWindow: 32 } as const

/** What is added, with the keys it has by the name that the command gives them, and what the witness has of it. */
const cases: Readonly<Record<string, readonly [Omit<XfrmStatePut, 'op'>, Readonly<Record<string, Uint8Array>>, RegExp]>> = {
  'that of an encrypted overlay': [
    overlay,
    { $AEAD_0x1001: gcm.key },
    /^src 10\.0\.0\.1 dst 10\.0\.0\.2\n\tproto esp spi 0x00001001\(4097\) reqid 13681891\S+ mode transport\n\treplay-window 32 seq 0x00000000 flag  \S+\n\taead rfc4106\(gcm\(aes\)\) 0xa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3 \(160 bits\) 64\n/,
  ],
  'one with numbers of 64 bits': [
    { ...overlay, flags: ['nopmtudisc', 'esn'], replayWindow: 128, extraFlags: ['dont-encap-dscp', 'oseq-may-wrap'] },
    { $AEAD_0x1001: gcm.key },
    / flag nopmtudisc esnextra_flag dont-encap-dscp oseq-may-wrap .*\n(.*\n)*.*replay_window 128, bitmap-length 4\n/,
  ],
  'a wide window': [{ ...overlay, replayWindow: 64 }, { $AEAD_0x1001: gcm.key }, /replay_window 64, bitmap-length 2\n/],
  'a tunnel through IPv6, of IPv4, with two algorithms': [
    {
      ...ends,
      src: bytes('fd00::1'),
      dst: bytes('fd00::2'),
      mode: 'tunnel',
      enc: { name: 'cbc(aes)', key: key(16, 1) },
      auth: { name: 'hmac(sha256)', key: key(32, 0x20), trunc: 128 },
      sel: { family: 4, src: { address: bytes('10.1.0.0'), prefix: 16 }, proto: 'udp', dport: 4789 },
      flags: ['af-unspec'],
    },
    { $ENC_0x1001: key(16, 1), $AUTH_0x1001: key(32, 0x20) },
    /^src fd00::1 dst fd00::2\n\tproto esp .* mode tunnel\n.* flag af-unspec .*\n\tauth-trunc hmac\(sha256\) 0x202122\w+ \(256 bits\) 128\n\tenc cbc\(aes\) 0x010203\w+ \(128 bits\)\n(.*\n)*\tsel src 10\.1\.0\.0\/16 dst 0\.0\.0\.0\/0 proto udp dport 4789 /,
  ],
  'through NAT, without encryption': [
    {
      ...ends,
      mode: 'tunnel',
      enc: { name: 'ecb(cipher_null)', key: key(0, 0) },
      auth: { name: 'hmac(sha1)', key: key(20, 0x20) },
      encap: { type: 'espinudp', sport: 4500, dport: 4501 },
    },
    { $AUTH_0x1001: key(20, 0x20) },
    /\tauth-trunc hmac\(sha1\) 0x\w+ \(160 bits\) 96\n\tenc ecb\(cipher_null\) .*\n\tencap type espinudp sport 4500 dport 4501 addr 0\.0\.0\.0\n/,
  ],
  'with marks and an interface': [
    { ...overlay, mark: 0x10, mask: 0xff, outputMark: 0x20, outputMask: 0xf0, ifId: 7 },
    { $AEAD_0x1001: gcm.key },
    /\tmark 0x10\/0xff output-mark 0x20\/0xf0\n(.*\n)*\tif_id 0x7\n/,
  ],
  'that ends': [
    { ...overlay, limits: { byteSoft: 1000, byteHard: 2000, packetSoft: 10, packetHard: 20, timeUseHard: 3600 } },
    { $AEAD_0x1001: gcm.key },
    /soft 1000\(bytes\), hard 2000\(bytes\)\n.*soft 10\(packets\), hard 20\(packets\)\n.*add: soft 0\(sec\), hard 0\(sec\)\n.*use: soft 0\(sec\), hard 3600\(sec\)\n/,
  ],
  compression: [{ ...ends, proto: 'comp', spi: 0x101, comp: 'deflate' }, {}, /proto comp spi 0x00000101\(257\) .*\n(.*\n)*\tcomp deflate/],
}

/** As a shell would that knows the keys. */
const withKeys = (text: string, keys: Readonly<Record<string, Uint8Array>>): string =>
  Object.entries(keys).reduce((line, [name, value]) => line.replaceAll(name, hex(value)), text)

/** A kernel without ESP knows neither its type nor, perhaps, its ciphers, and says so. */
const saysSo = (refusal: Refusal): void =>
  lacks(refusal, {
    errno: expect.toBeOneOf([-93, -38]),
    message: expect.stringMatching(/^Requested (type|AEAD algorithm|AUTH\w* algorithm|CRYPT algorithm|COMP algorithm) not found$/),
    request: 'XFRM_MSG_NEWSA',
  })

/** True when the kernel has what it takes; one that has is asked in the tier of user-mode Linux. */
async function works(op: Op): Promise<boolean> {
  const refusal = await refused(op)
  if (refusal) saysSo(refusal)
  return refusal === null
}

describe.each(Object.entries(cases))('%s', (_, [settings, keys, text]) => {
  const op = { op: 'xfrm.state.add', ...settings } as const

  it('is there, refused the second time, replaced, and taken back by its inverse; or the kernel says so', async () => {
    if (!(await works(op))) return expect(states()).toBe('')
    expect(states()).toMatch(text)
    expect(await refused(op)).toMatchObject({ errno: -17, request: 'XFRM_MSG_NEWSA' })
    await spaces.do({ ...op, op: 'xfrm.state.replace', reqid: 77 })
    expect(states().match(/reqid \d+/g)).toEqual(['reqid 77'])
    await spaces.do(...undoOf([op]))
    expect(states()).toBe('')
    const gone = await refused(undoOf([op])[0] as Op)
    expect(gone && isGone(gone)).toBe(true)
  })

  it('is the same when what is printed is pasted with the keys, which are not printed', async () => {
    const printed = printPlan([op, { ...op, op: 'xfrm.state.replace', reqid: 77 }])
    for (const secret of Object.values(keys)) expect(printed).not.toContain(hex(secret).slice(2))
    for (const name of Object.keys(keys)) expect(printed).toContain(name)
    const [add = '', ...replace] = withKeys(printed, keys).split('\n')
    if (!(await works(op))) return expect(() => paste(add, { netns: spaces.paths[0] })).toThrow(/Requested .* not found/)
    const native = states()
    await spaces.do(...undoOf([op]))
    paste(add, { netns: spaces.paths[0] })
    expect(states()).toBe(native)
    paste(replace.join('\n'), { netns: spaces.paths[0] })
    expect(states().match(/reqid \d+/g)).toEqual(['reqid 77'])
    paste(printPlan(undoOf([op])), { netns: spaces.paths[0] })
    expect(states()).toBe('')
  })
})

describe('a state that only holds an SPI', () => {
  /** Every kernel makes one, of a type that it knows nothing of, too. */
  const reserve = (...more: string[]): number => {
    const argv = [
      'ip',
      'xfrm',
      'state',
      'allocspi',
      'src',
      '10.0.0.1',
      'dst',
      '10.0.0.2',
      'proto',
      'esp',
      'mode',
      'tunnel',
      'reqid',
      '77',
      ...more,
    ]
    return Number(/spi (0x\w+)/.exec(must([...argv, 'min', '0x100', 'max', '0x1ff'], { netns: spaces.paths[0] }))?.[1])
  }

  it('is read as a row, and goes by what it is known by', async () => {
    const spi = reserve()
    expect(await dump(netns(), 'xfrmState')).toMatchObject([
      {
        src: parseAddress('10.0.0.1'),
        dst: parseAddress('10.0.0.2'),
        proto: 50,
        spi,
        mode: 1,
        reqid: 77,
        mark: 0,
        aead: null,
        enc: null,
        comp: '',
      },
    ])
    const del = { op: 'xfrm.state.del', dst: ends.dst, proto: 'esp', spi } as const
    const other = await refused({ ...del, spi: spi + 0x1000 })
    expect(other && isGone(other)).toBe(true)
    await spaces.do(del)
    expect(states()).toBe('')
  })

  it('goes with its mark and no other, when what is printed is pasted, too', async () => {
    const del = (spi: number) => ({ op: 'xfrm.state.del', dst: ends.dst, proto: 'esp', spi, mark: 16, mask: 255 }) as const
    const [one, two] = [reserve('mark', '16', 'mask', '255'), reserve('mark', '16', 'mask', '255')]
    const other = await refused({ ...del(one), mark: 17 })
    expect(other && isGone(other)).toBe(true)
    await spaces.do(del(one))
    paste(printPlan([del(two)]), { netns: spaces.paths[0] })
    expect(states()).toBe('')
  })
})

it('keys are read only when they are asked for', async () => {
  if (!(await works({ op: 'xfrm.state.add', ...overlay }))) return expect(await dump(netns(), 'xfrmState', { keys: true })).toEqual([])
  const row = { aead: { name: gcm.name, bits: 64 }, auth: null, replayWindow: 32, seq: 0n, oseq: 0n, bytes: 0n, encap: null }
  expect(await dump(netns(), 'xfrmState')).toMatchObject([{ ...row, aead: { ...row.aead, key: null } }])
  expect(await dump(netns(), 'xfrmState', { keys: true })).toMatchObject([{ ...row, aead: { ...row.aead, key: gcm.key } }])
  expect((await dumpColumns(netns(), 'xfrmState')).aeadKey).toBe('')
})

it('a replacement that is not fit leaves the old one there', async () => {
  if (!(await works({ op: 'xfrm.state.add', ...overlay }))) return expect(states()).toBe('')
  const before = states()
  const short = { ...overlay, aead: { ...gcm, key: key(7, 1) } }
  expect(await refused({ op: 'xfrm.state.replace', ...short })).toMatchObject({ errno: -22, request: 'XFRM_MSG_NEWSA' })
  expect(states()).toBe(before)
})

describe('no key is', () => {
  const secret = (text: string): void => {
    for (const way of [hex(gcm.key).slice(2), String(gcm.key), [...gcm.key].join(', ')]) expect(text).not.toContain(way.slice(0, 12))
  }
  const add = { op: 'xfrm.state.add', ...overlay, aead: { ...gcm, name: 'rot13' } } as const

  it('in a refusal, whose command has a variable in its place', async () => {
    const stop = await apply([netns()], [add]).catch((error: unknown) => error)
    expect(stop).toMatchObject({
      cause: { errno: -38, refusal: { message: 'Requested AEAD algorithm not found', request: 'XFRM_MSG_NEWSA' } },
    })
    expect(String(stop)).toMatch(/aead rot13 \$AEAD_0x1001 64/)
    secret(inspect(stop, { depth: null, showHidden: true }))
  })

  it('in the journal', async () => {
    const entries: unknown[] = []
    const journal = { add: (entry: unknown) => String(entries.push(entry)), delete: () => {} }
    const store = { journal, transact: (body: () => unknown) => body() } as unknown as Store
    const del = { op: 'xfrm.state.del', dst: ends.dst, proto: 'esp', spi: ends.spi } as const
    const host = netns()
    const means = { store, host, deletion: new Deletion(host, store), envoy: new Envoy(new Plugins(), store) }
    await commit(means, { way: 'down', plan: [{ ...del, undo: [add] }], record: () => {} })
    await expect(commit(means, { way: 'up', plan: [add], record: () => {} })).rejects.toThrow()
    expect(entries).toEqual([{ plan: [{ ...del, undo: [] }] }, { plan: [del] }])
    secret(encode(entries))
  })
})

it.each([
  ['dst', { dst: 'x' }],
  ['spi', { spi: 0 }],
  ['proto', { proto: 'gre' }],
  ['mask', { mask: 1 }],
  ['src', { src: bytes('fd00::1') }],
  ['mode', { mode: 'beet' }],
  ['aead.name', { aead: { ...gcm, name: '' } }],
  ['aead.name', { aead: { ...gcm, name: 'x'.repeat(64) } }],
  ['aead.key', { aead: { ...gcm, key: '0xa0' } }],
  ['aead.icv', { aead: { name: gcm.name, key: gcm.key } }],
  ['auth.trunc', { auth: { name: 'hmac(sha1)', key: gcm.key, trunc: -1 } }],
  ['comp', { comp: 1 }],
  ['replayWindow', { replayWindow: 4097 }],
  ['replayWindow', { flags: ['esn'], replayWindow: 0 }],
  ['flags', { flags: ['wild'] }],
  ['extraFlags', { extraFlags: 'dont-encap-dscp' }],
  ['outputMask', { outputMask: 1 }],
  ['ifId', { ifId: 0 }],
  ['sel.family', { sel: {} }],
  ['sel.dport', { sel: { family: 4, dport: 1 } }],
  ['limits.byteSoft', { limits: { byteSoft: -1 } }],
  ['encap.type', { encap: { type: 'gre', sport: 1, dport: 2 } }],
  ['encap.dport', { encap: { type: 'espinudp', sport: 1 } }],
])('a wrong %s is misuse', (field, settings) => {
  expect(() => spaces.apply({ op: 'xfrm.state.add', ...overlay, ...settings } as unknown as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})
