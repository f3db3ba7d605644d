import type { ConntrackDel } from '../../binding.d.ts'
import { addressText, option, words } from './words.ts'

const address = (name: string, given: Uint8Array | undefined) => option(name, given && addressText(given))

/** conntrack ends with 1 when no connection fits. */
export const conntrackCommand = (op: ConntrackDel): string =>
  words(
    'conntrack -D -f',
    op.family === 6 ? 'ipv6' : 'ipv4',
    option('-p', op.proto),
    address('--orig-src', op.origSrc),
    address('--orig-dst', op.origDst),
    address('--reply-src', op.replySrc),
    address('--reply-dst', op.replyDst),
    option('--orig-port-src', op.origSport),
    option('--orig-port-dst', op.origDport),
    option('--reply-port-src', op.replySport),
    option('--reply-port-dst', op.replyDport),
    option('--mark', op.mask === undefined ? op.mark : `${op.mark}/${op.mask}`),
    option('--zone', op.zone),
  )
