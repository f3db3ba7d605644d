import type { ConntrackDel, ConntrackDelMany } from '../../binding.d.ts'
import { addressOption, option, words } from './words.ts'

/** It knows no ranges, and ends with 1 when no connection fits. */
export const conntrackCommands = ({ origDportEnd, ...op }: ConntrackDel): readonly string[] => {
  const { origDport: first = 0 } = op
  const ports = Array.from({ length: (origDportEnd ?? first) - first + 1 }, (_, index) => first + index)
  return origDportEnd === undefined ? [command(op)] : ports.map((origDport) => command({ ...op, origDport }))
}

const command = (op: ConntrackDel): string =>
  words(
    'conntrack -D -f',
    op.family === 6 ? 'ipv6' : 'ipv4',
    option('-p', op.proto),
    addressOption('--orig-src', op.origSrc),
    addressOption('--orig-dst', op.origDst),
    addressOption('--reply-src', op.replySrc),
    addressOption('--reply-dst', op.replyDst),
    option('--orig-port-src', op.origSport),
    option('--orig-port-dst', op.origDport),
    option('--reply-port-src', op.replySport),
    option('--reply-port-dst', op.replyDport),
    option('--mark', op.mask === undefined ? op.mark : `${op.mark}/${op.mask}`),
    option('--zone', op.zone),
  )

export const conntrackManyCommands = ({ family, addresses }: ConntrackDelMany): readonly string[] =>
  Array.from({ length: addresses.length / widthOf(family) }, (_, row) => {
    const address = addresses.subarray(row * widthOf(family), (row + 1) * widthOf(family))
    return [{ origSrc: address }, { replySrc: address }].map((which) => command({ op: 'conntrack.del', family, ...which }))
  }).flat()

const widthOf = (family: 4 | 6): number => (family === 4 ? 4 : 16)
