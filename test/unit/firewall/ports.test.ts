import { describe, expect, it } from 'vitest'
import { publish, unpublish } from '../../../lib/firewall/firewall.ts'
import { undoOf } from '../../../lib/model/op.ts'
import { printPlan } from '../../../lib/model/print.ts'
import type { Opening } from '../../../lib/model/wall.ts'

const openings: readonly Opening[] = [
  { protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 8080, address: '172.18.0.2', port: 80, direct: false },
  { protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 8443, address: '172.18.0.2', port: 443, direct: false },
  { protocol: 'udp', hostIP: '192.0.2.1', hostPort: 53, address: '172.18.0.3', port: 5353, direct: false },
  { protocol: 'tcp', hostIP: '::', hostPort: 8080, address: 'fd00:18::2', port: 80, direct: false },
  { protocol: 'sctp', hostIP: '2001:db8::1', hostPort: 99, address: 'fd00:18::2', port: 9, direct: false },
]

/** The lines of a plan that is one transaction. */
const linesOf = (plan: ReturnType<typeof publish>) => printPlan(plan).split('\n').slice(1, -1)

describe('publish', () => {
  it('is one transaction, with one command for each map however many ports', () => {
    expect(linesOf(publish(openings))).toEqual([
      'add element inet cnm address4_any { tcp . 8080 : 172.18.0.2, tcp . 8443 : 172.18.0.2 }',
      'add element inet cnm port4_any { tcp . 8080 : 80, tcp . 8443 : 443 }',
      'add element inet cnm address4 { 192.0.2.1 . udp . 53 : 172.18.0.3 }',
      'add element inet cnm port4 { 192.0.2.1 . udp . 53 : 5353 }',
      'add element inet cnm address6_any { tcp . 8080 : fd00:18::2 }',
      'add element inet cnm port6_any { tcp . 8080 : 80 }',
      'add element inet cnm address6 { 2001:db8::1 . sctp . 99 : fd00:18::2 }',
      'add element inet cnm port6 { 2001:db8::1 . sctp . 99 : 9 }',
    ])
  })

  it('knows "every address" however it is written', () => {
    const [line] = linesOf(
      publish([{ protocol: 'tcp', hostIP: '0:0:0:0:0:0:0:0', hostPort: 1, address: 'fd00::2', port: 2, direct: false }]),
    )
    expect(line).toBe('add element inet cnm address6_any { tcp . 1 : fd00::2 }')
  })

  it('is taken back by unpublishing', () => {
    expect(undoOf(publish(openings))).toEqual(unpublish(openings).map(({ undo: _, ...op }) => op))
    expect(undoOf(unpublish(openings))).toEqual(publish(openings).map(({ undo: _, ...op }) => op))
  })

  it('of nothing is no step', () => {
    expect([...publish([]), ...unpublish([])]).toEqual([])
  })
})

describe('unpublish', () => {
  it('adds before it deletes: what is there goes, what is not is no error, what leads elsewhere is refused', () => {
    expect(linesOf(unpublish(openings.slice(2, 3)))).toEqual([
      'add element inet cnm address4 { 192.0.2.1 . udp . 53 : 172.18.0.3 }',
      'delete element inet cnm address4 { 192.0.2.1 . udp . 53 : 172.18.0.3 }',
      'add element inet cnm port4 { 192.0.2.1 . udp . 53 : 5353 }',
      'delete element inet cnm port4 { 192.0.2.1 . udp . 53 : 5353 }',
    ])
  })
})
