import { isIPv6 } from 'node:net'
import type { Underlay } from '../../drivers/driver.ts'
import { policiesBetween, REQID, spiOf, stateBetween } from '../../drivers/overlay-esp.ts'
import { type Address, formatAddress, fromBytes, toBytes } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import type { KeyRing, WireguardKeys } from '../../model/keys.ts'
import type { Op } from '../../model/op.ts'
import { applyLeniently, dump } from '../../netlink/kernel.ts'
import type { XfrmPolicyRow } from '../../netlink/xfrm.ts'
import { beyondPlan } from '../execution/beyond-plan.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { raisedNetworks } from '../networks/raised.ts'
import { textOfIp } from './keys.ts'
import { rosterOf, tunnelOf } from './known.ts'
import { hasSpent, spend } from './spent.ts'

/** What encrypted networks are encrypted with. */
export interface Secrets {
  /** null: with nothing, and nothing gets through; undefined: nobody has said yet, and what the kernel has is as it should be. */
  ring?: KeyRing | null
  /** The same of WireGuard. */
  wireguard?: WireguardKeys | null
  /** Begins another session, and puts the ring in place that has it; absent where whoever gives the keys sees to it. */
  renew?: () => void
}

const MOST_KEYS = 3
const LEAST_SECRET = 16

/** The keys from now on, in place of those before; null: none, and nothing gets through. Throws KEYS_INVALID. */
export async function setKeys(hall: Hall, ring: KeyRing | null): Promise<void> {
  if (ring) checkRing(ring)
  await beyondPlan(hall)
  hall.secrets.ring = ring
  await keepSecrets(hall)
}

function checkRing({ keys, primary }: KeyRing): void {
  const invalid = (what: string) => fault('KEYS_INVALID', { what })
  if (keys.length === 0 || keys.length > MOST_KEYS) throw invalid(`there are ${keys.length}, and there can be 1 to ${MOST_KEYS}`)
  if (new Set(keys.map(({ tag }) => tag)).size < keys.length) throw invalid('two have the same number')
  if (!keys.some(({ tag }) => tag === primary)) throw invalid(`none has the number ${primary}, which is to be sent with`)
  const short = keys.find(({ secret }) => secret.length < LEAST_SECRET)
  if (short) throw invalid(`number ${short.tag} has less than ${LEAST_SECRET} bytes`)
}

/**
 * Makes the kernel's states and policies what they should be: for every host that an encrypted network leads to, what any key of the
 * ring says is understood, and what is sent goes by the primary one. What is there already stays, with its count of packets: also where
 * a network leads no more, or not yet as far as is known, as long as there is such a network here.
 */
export async function keepSecrets(hall: Hall): Promise<void> {
  const { underlay, vteps } = secretHosts(hall)
  if (underlay && hall.secrets.ring === undefined) return
  const [states, policies] = await Promise.all([dump(hall.host, 'xfrmState'), dump(hall.host, 'xfrmPolicy')])
  const known = new Set(states.map(({ dst, spi }) => nameOf(dst, spi)))
  for (const { reqid, dst } of states) if (reqid === REQID) vteps.add(formatAddress(dst))
  if (underlay) vteps.delete(underlay.address)
  const isMissing = ({ dst, spi }: State) => !known.has(nameOf(fromBytes(dst), spi))
  const wanted = wantedOf(hall, underlay, vteps, isMissing)
  const stay = new Set(wanted.flatMap(({ states }) => states.map(({ dst, spi }) => nameOf(fromBytes(dst), spi))))
  const alive = new Set(wanted.map(({ vtep }) => vtep))
  const left = states.filter(({ reqid, dst, spi }) => reqid === REQID && !stay.has(nameOf(dst, spi)))
  const plan: Op[] = [
    ...wanted.flatMap(({ states }) => states.filter(isMissing)),
    ...wanted.flatMap(({ policies }) => policies),
    ...policies.filter((row) => isLeft(row, alive)).map(removal),
    ...left.map(({ dst, spi }): Op => ({ op: 'xfrm.state.del', dst: toBytes(dst), proto: 'esp', spi })),
  ]
  const [refusal] = await applyLeniently([hall.host], plan)
  if (refusal) throw refusal
}

type State = ReturnType<typeof stateBetween>

/** An encrypted network has its links here, or had them since the boot: who was killed may have left something. */
export const hasSecrets = (hall: Hall): boolean => secretHosts(hall).underlay !== undefined || hasSpent(hall.store)

/** Hosts that encrypted networks of this one lead to. */
function secretHosts(hall: Hall): { readonly underlay: Underlay | undefined; readonly vteps: Set<string> } {
  const vteps = new Set<string>()
  let underlay: Underlay | undefined
  for (const network of raisedNetworks(hall)) {
    const config = configOf(hall, network)
    if (!config.underlay || !tunnelOf(hall, network, config)?.encrypted) continue
    underlay = config.underlay
    for (const vtep of rosterOf(hall, network).vteps) vteps.add(textOfIp(vtep))
  }
  return { underlay, vteps }
}

/** A state by which was sent before is never made again: its count of packets would begin anew, with the same key. */
function wantedOf(hall: Hall, underlay: Underlay | undefined, vteps: Iterable<string>, isMissing: (state: State) => boolean) {
  const between = () => {
    const { ring } = hall.secrets
    return underlay && ring ? [...vteps].flatMap((vtep) => wantedBetween(underlay, vtep, ring)) : []
  }
  const isFresh = (wanted: ReturnType<typeof between>): boolean => {
    const { session = '', primary = 0 } = hall.secrets.ring ?? {}
    const spis = wanted.flatMap(({ sends }) => sends.filter(isMissing).map(({ spi }) => spi))
    return spend(hall.store, session, primary, spis)
  }
  const wanted = between()
  if (isFresh(wanted) || !hall.secrets.renew) return wanted
  hall.secrets.renew()
  const renewed = between()
  isFresh(renewed)
  return renewed
}

/** Of a host that nobody knows a session of, nothing is; nor of one whose address is of the other family, where no frame goes. */
function wantedBetween({ address, port }: Underlay, vtep: string, { keys, primary, session, sessions }: KeyRing) {
  const theirs = sessions[vtep]
  const key = keys.find(({ tag }) => tag === primary)
  if (theirs === undefined || !key || isIPv6(vtep) !== isIPv6(address)) return []
  const [own, other] = [
    { vtep: address, session },
    { vtep, session: theirs },
  ]
  const sends = [stateBetween(own, other, key)]
  const states = [...keys.map((each) => stateBetween(other, own, each)), ...sends]
  return [{ vtep, sends, states, policies: policiesBetween(address, vtep, port, spiOf(own, other, key)) }]
}

const OUT = 1
const DIRS = ['in', 'out', 'fwd'] as const

/** A policy of ours for a host that no encrypted network leads to. */
const isLeft = ({ tmpl, dir, src, dst }: XfrmPolicyRow, alive: ReadonlySet<string>): boolean =>
  tmpl?.reqid === REQID && !alive.has(formatAddress(dir === OUT ? dst : src))

const removal = ({ dir, src, dst, dport }: XfrmPolicyRow): Op => ({
  op: 'xfrm.policy.del',
  family: src.family,
  dir: DIRS[dir] ?? 'in',
  proto: 'udp',
  dport,
  ...(src.prefix > 0 ? { src: { address: toBytes(src), prefix: src.prefix } } : {}),
  ...(dst.prefix > 0 ? { dst: { address: toBytes(dst), prefix: dst.prefix } } : {}),
})

const nameOf = (address: Address, spi: number): string => `${formatAddress(address)} ${spi}`
