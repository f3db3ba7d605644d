import { objectsIn, POLICY, Tracer } from '../../firewall/firewall.ts'
import { type Finding, finding } from '../../model/findings.ts'
import { quote } from '../../model/words.ts'
import { listNftTable } from '../../netlink/kernel.ts'
import { View } from '../explain/view.ts'
import type { Hall } from '../hall.ts'
import { type Sample, samplesOf } from './samples.ts'

const FIREWALLD = 'inet firewalld'

/** Where dockerd, ufw and others that speak iptables, Debian's nftables.conf and firewalld keep what they filter. */
const TABLES = ['ip filter', 'ip6 filter', 'inet filter', FIREWALLD]

interface Drop {
  readonly table: string
  readonly chain: string
  readonly rule: string
  /** Of the table. */
  readonly listing: string
}

/** Rules of others that drop what ours let through. */
export async function foreignDrops(hall: Hall): Promise<readonly Finding[]> {
  const view = await View.of(hall.host)
  const samples = await samplesOf(hall, view)
  const found = new Map<string, Finding>()
  for (const table of samples.length > 0 ? TABLES : []) {
    const [family = '', name = ''] = table.split(' ')
    const listing = await listNftTable(hall.host, { family, name })
    if (listing === null) continue
    const tracer = new Tracer(understood(listing), (address) => view.holds(address))
    for (const sample of samples.filter(({ packet }) => ['inet', packet.family === 4 ? 'ip' : 'ip6'].includes(family))) {
      const { dropped, steps } = tracer.pass('forward', sample.packet)
      const { chain = '', rule = '' } = steps.at(-1) ?? {}
      const remedy = remedyFor(sample, { table, chain, rule, listing })
      if (!dropped || found.has(rule + remedy)) continue
      found.set(rule + remedy, finding('FOREIGN_DROP', `chain ${table} ${chain}`, { packet: sample.words, rule, remedy }))
    }
  }
  return [...found.values()]
}

/**
 * By whoever keeps those rules, where that is known: it may take others out when it reloads, or let nobody write there. Where
 * iptables has its tables, what it does not understand keeps it from working: a link it does.
 */
function remedyFor({ link, leaves }: Sample, { table, chain, rule, listing }: Drop): string {
  if (table === FIREWALLD && leaves)
    return `firewall-cmd --permanent --zone=trusted --change-interface=${quote(link)} && firewall-cmd --reload`
  const ufw = /"ufw6?-user-forward"/.test(listing) && (rule === POLICY || chain.startsWith('ufw'))
  if (ufw) return `ufw route allow ${leaves ? 'in' : 'out'} on ${quote(link)}`
  return `nft insert rule ${table} ${chain} ${leaves ? 'iifname' : 'oifname'} ${quote(link)} accept`
}

interface Xt {
  readonly type?: string
  readonly name?: string
}
type Rule = { readonly expr: readonly { readonly xt?: Xt }[] }

/** Without rules that ask what only iptables understands: nobody can say here whether they fit. */
function understood(listing: string): readonly object[] {
  const objects: readonly { readonly rule?: Rule }[] = objectsIn(listing)
  const known = objects.map((object) => (object.rule ? { rule: { ...object.rule, expr: translated(object.rule) } } : object))
  return known.filter(({ rule }) => !rule?.expr.some((statement) => 'xt' in statement))
}

/** What rules of iptables' own nearly always mean. nft says their names only: who accepts by conntrack accepts what was let in before. */
const translated = ({ expr }: Rule): readonly object[] =>
  expr.flatMap((statement) => {
    const { type, name } = statement.xt ?? {}
    if (type === 'match' && name === 'comment') return []
    if (type === 'target' && name === 'REJECT') return { reject: null }
    if (type === 'match' && name === 'conntrack' && expr.some((other) => 'accept' in other)) return ESTABLISHED
    return statement
  })

const ESTABLISHED = { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } }
