import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import type { Refusal } from '../../binding.d.ts'
import { CnmError } from '../model/errors.ts'
import type { Op } from '../model/op.ts'

const { EACCES, EADDRNOTAVAIL, EBUSY, EINVAL, ENETDOWN, ENODEV, ENOENT, EOPNOTSUPP, EPERM, EPROTONOSUPPORT, ESRCH } = constants.errno
const EXFULL = 54

/** What Node has no name for. */
const UNNAMED: ReadonlyMap<number, readonly [name: string, text: string]> = new Map([[-EXFULL, ['EXFULL', 'exchange full']]])

const HINTS: Readonly<Record<number, string>> = {
  [-EPERM]: 'run as root, or with CAP_NET_ADMIN and CAP_SYS_ADMIN',
  [-EACCES]: 'run as root, or with CAP_NET_ADMIN and CAP_SYS_ADMIN',
  [-ENETDOWN]: 'the link that it is on is down: ip link set LINK up',
  [-EXFULL]: 'the bridge is full: it takes 1,023 ports',
  [-EPROTONOSUPPORT]: 'this kernel was built without what is asked for, or its module is not loaded',
  [-EOPNOTSUPP]: 'this kernel was built without what is asked for, or the link is not of the kind',
}

/** Of a link that cannot be made or changed. */
const LINK_HINTS: Readonly<Record<number, string>> = {
  [-EBUSY]: 'somebody has it: a port of a bridge or bond carries no links, nor does one that carries links of another kind',
}

/** Of a namespace that cannot be entered. */
const PLACE_HINTS: Readonly<Record<number, string>> = {
  [-ENOENT]: 'no namespace is there any more, or yet: ip netns list',
  [-EINVAL]: 'what is there is no network namespace: ip netns list',
}

const hintOf = ({ errno, request }: Refusal): string =>
  (request === 'RTM_NEWLINK' && LINK_HINTS[errno]) || (request === 'open' && PLACE_HINTS[errno]) || HINTS[errno] || ''

/** A sentence has room for a command, not for a whole nft transaction. */
function brief(command: string): string {
  const lines = command.split('\n')
  return lines.length > 3 ? `${lines[0]} … (${lines.length} lines; --dry-run prints them)` : command
}

/** The kernel said no. The message ends with the command that asks for the same. */
export class NetlinkError extends CnmError {
  /** Negative, as Node has it. */
  readonly errno: number
  readonly refusal: Refusal
  /** The kernel's own. */
  readonly words: string
  /** Of a plan; undefined: it was no step. */
  readonly step: Op | undefined
  readonly #command: () => string

  /** `excerpt` is the command with as much as a sentence has room for. */
  constructor(refusal: Refusal, command: () => string, excerpt = command, step?: Op) {
    const [name, text] = getSystemErrorMap().get(refusal.errno) ?? UNNAMED.get(refusal.errno) ?? [`errno ${-refusal.errno}`, 'refused']
    const words = (refusal.message || text) + (refusal.attribute && ` (${refusal.attribute})`)
    super('KERNEL_REFUSED', { errno: name, words, command: brief(excerpt()), hint: hintOf(refusal) })
    this.#command = command
    this.words = words
    this.errno = refusal.errno
    this.refusal = refusal
    this.step = step
  }

  /** The whole of it, to be pasted; of a million rows it is long, and made when it is asked for. */
  get command(): string {
    return this.#command()
  }
}

/** What each request answers when that which it is to take away, or its link, is not there. */
const GONE: Readonly<Record<string, readonly number[]>> = {
  RTM_NEWLINK: [ENODEV],
  RTM_GETLINK: [ENODEV],
  RTM_DELLINK: [ENODEV],
  RTM_DELADDR: [EADDRNOTAVAIL, ENODEV],
  RTM_DELROUTE: [ESRCH, ENODEV],
  RTM_DELNEIGH: [ENOENT, ENODEV],
  RTM_DELNEXTHOP: [ENOENT],
  RTM_DELTUNNEL: [ENOENT, ENODEV],
  RTM_DELRULE: [ENOENT],
  // EINVAL: there is one of another kind by now, if only the kernel's own.
  RTM_DELQDISC: [ENOENT, ENODEV, EINVAL],
  RTM_DELTCLASS: [ENOENT, ENODEV],
  // EINVAL: the qdisc has gone with its filters.
  RTM_DELTFILTER: [ENOENT, ENODEV, EINVAL],
  XFRM_MSG_DELPOLICY: [ENOENT],
  XFRM_MSG_DELSA: [ESRCH],
  sysctl: [ENOENT],
  nft: [ENOENT],
  netns: [ENOENT],
  // EINVAL: the path is there, but leads to no namespace any more.
  open: [ENOENT, EINVAL],
}

/** True when an op was refused only because there is nothing left for it to do, in all of its refused rows. */
export function isGone({ request, errno, rows }: Refusal): boolean {
  const gone = GONE[request]
  return gone !== undefined && (rows ? [...rows.errno] : [errno]).every((each) => gone.includes(-each))
}
