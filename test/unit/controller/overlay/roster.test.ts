import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ipColumn, ipKey, ipKeyAt, macColumn, macKey, macKeyAt, textOfIp, textOfMac } from '../../../../lib/controller/overlay/keys.ts'
import { Roster } from '../../../../lib/controller/overlay/roster.ts'
import { rowsOf } from '../../../../lib/controller/overlay/rows.ts'
import type { Peer } from '../../../../lib/model/peer.ts'

const NOBODY = { vtep: ipKey('10.99.0.1') ?? 0, macs: new Set<number>(), ips: new Set<number | string>() }
const peer = (endpointId: string, vtep: number, mac: number, ip: number): Peer => ({
  endpointId,
  networkId: 'n',
  nodeId: `h${vtep}`,
  vtep: `10.99.0.${vtep}`,
  mac: `02:00:00:00:00:0${mac}`,
  address: `10.0.1.${ip}/24`,
  address6: `fd00::${ip}/64`,
})

describe('keys', () => {
  it('are the same from text and from columns, and back', () => {
    const macs = ['02:00:00:00:00:01', 'fe:dc:ba:98:76:54', '00:00:00:00:00:00']
    expect([macKey('FE-DC-BA-98-76-54'), macKey('02:00:00:00:00-01')]).toEqual([macKey('fe:dc:ba:98:76:54'), macKey('02:00:00:00:00:01')])
    for (const bad of ['1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4/', '1.2.3.4/x', '1..2.3', '', '1.2.3.'])
      expect(ipKey(bad)).toBeNull()
    const column = macColumn(macs.map((text) => macKey(text) ?? -1))
    expect(macs.map((_, row) => textOfMac(macKeyAt(column, row)))).toEqual(macs)
    expect([macKey('01:00:5e:00:00:01'), macKey('nonsense')]).toEqual([null, null])
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const key = ipKey(text)
        if (key === null) throw new Error(text)
        const family = typeof key === 'number' ? 4 : 6
        const bytes = Buffer.concat([ipColumn([key], family), Buffer.alloc(12)])
        return ipKeyAt(bytes, 0, family) === key && ipKey(textOfIp(key)) === key && ipKey(`${text}/24`) === key
      }),
    )
  })
})

/** Whoever came last, and has not gone: what a roster should say, by looking at all of history. */
function wantedOf(history: readonly Peer[], keyOf: (peer: Peer) => string, valueOf: (peer: Peer) => string): Record<string, string> {
  const wanted: Record<string, string> = {}
  for (const each of history) if (each.vtep !== '10.99.0.1') wanted[keyOf(each)] = valueOf(each)
  for (const each of history) {
    const last = history.filter((other) => keyOf(other) === keyOf(each)).at(-1)
    if (last?.vtep === '10.99.0.1') delete wanted[keyOf(each)]
  }
  return wanted
}

describe('a roster', () => {
  it('says of every MAC and address what the last one who claims it says, whatever comes and goes', () => {
    const step = fc.record({
      id: fc.integer({ min: 0, max: 5 }),
      gone: fc.boolean(),
      vtep: fc.integer({ min: 1, max: 3 }),
      mac: fc.integer({ min: 1, max: 3 }),
      ip: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const roster = new Roster([])
        let living: Peer[] = []
        // What a kernel would have, told only of what was touched.
        const fdb = new Map<number, number | string>()
        const neigh = new Map<number | string, number>()
        for (const { id, gone, vtep, mac, ip } of steps) {
          const next = peer(String(id), vtep, mac, ip)
          const same = living.find((other) => JSON.stringify(other) === JSON.stringify(next))
          const { macs, ips } = gone ? roster.change([String(id)], []) : roster.change([], [next])
          if (gone || !same) living = [...living.filter(({ endpointId }) => endpointId !== String(id)), ...(gone ? [] : [next])]
          const rows = rowsOf(roster, NOBODY, macs, ips)
          for (const key of rows.noFdb) fdb.delete(key)
          for (const key of rows.noNeigh) neigh.delete(key)
          rows.fdb.macs.forEach((key, row) => fdb.set(key, rows.fdb.vteps[row] ?? -1))
          rows.neigh.ips.forEach((key, row) => neigh.set(key, rows.neigh.macs[row] ?? -1))
        }
        const texts = Object.fromEntries([...fdb].map(([key, value]) => [textOfMac(key), textOfIp(value)]))
        expect(texts).toEqual(
          wantedOf(
            living,
            ({ mac }) => mac,
            ({ vtep }) => vtep,
          ),
        )
        const four = Object.fromEntries(
          [...neigh].flatMap(([key, value]) => (typeof key === 'number' ? [[textOfIp(key), textOfMac(value)]] : [])),
        )
        expect(four).toEqual(
          wantedOf(
            living,
            ({ address = '' }) => address.slice(0, -3),
            ({ mac }) => mac,
          ),
        )
        expect(neigh.size).toBe(Object.keys(four).length * 2)
        expect(roster.size).toBe(living.length)
        expect([...roster.vteps].map(textOfIp).sort()).toEqual([...new Set(living.map(({ vtep }) => vtep))].sort())
      }),
    )
  })

  it('has one that left and came again as it was', () => {
    const roster = new Roster([peer('a', 2, 1, 1)])
    expect(roster.change(['a'], [peer('a', 2, 1, 1)]).macs).toContain(macKey('02:00:00:00:00:01'))
    expect(roster.size).toBe(1)
    expect(roster.change([], [peer('a', 2, 1, 1)]).macs).toEqual([])
  })

  it('keeps those that a person told of when all others are told anew', () => {
    const roster = new Roster([peer('fixed', 2, 1, 1)])
    roster.change([], [peer('told', 3, 2, 2)])
    expect(roster.without(new Set())).toEqual(['told'])
    expect(roster.without(new Set(['told']))).toEqual([])
    roster.unfix('fixed')
    expect(roster.peers.map(({ endpointId }) => endpointId)).toEqual(['told'])
  })

  it('gives nobody what this host has, and leads nowhere by the other family', () => {
    const roster = new Roster([peer('a', 2, 1, 1), { ...peer('b', 2, 2, 2), vtep: 'fd00:99::2' }])
    const here = { ...NOBODY, macs: new Set([macKey('02:00:00:00:00:01') ?? 0]), ips: new Set([ipKey('10.0.1.1') ?? 0]) }
    const rows = rowsOf(roster, here, roster.macs, roster.ips)
    expect([rows.fdb.macs.length, rows.noFdb.length]).toEqual([0, 2])
    expect(rows.neigh.ips.map(textOfIp).sort()).toEqual(['10.0.1.2', 'fd00::1', 'fd00::2'])
  })

  it('refuses what is no peer, and is as it was', () => {
    const roster = new Roster([])
    for (const bad of [{ mac: '01:00:00:00:00:00' }, { vtep: 'x' }, { address: '1.2.3' }])
      expect(() => roster.change([], [peer('a', 2, 1, 1), { ...peer('b', 2, 2, 2), ...bad }])).toThrow('invalid peer b')
    expect(roster.size).toBe(0)
  })
})
