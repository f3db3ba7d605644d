import type { Hop } from '../../controller/explain/explain.ts'
import { given } from '../../model/given.ts'
import { formatRows, type Listing } from '../format/rows.ts'
import { Row } from '../format/value.ts'
import { Misuse } from '../misuse.ts'
import type { Verb } from '../verb.ts'

const HOPS: Listing = {
  headers: { Where: 'WHERE', Verdict: 'VERDICT', What: 'WHAT' },
  columns: ['Where', 'Verdict', 'What'],
  raw: 'where: {{.Where}}\nverdict: {{.Verdict}}\nwhat: {{.What}}\n',
  quietRaw: 'verdict: {{.Verdict}}',
}

interface Flags {
  readonly format?: string
  readonly ipv6?: boolean
}

export const explain = (program: Verb): Verb =>
  program
    .command('explain')
    .description('Say which way a packet takes, which rules it meets, and what would drop it; end with 1 if it is dropped')
    .argument('<from>', 'A sandbox or network, an address, host, or internet')
    .argument('<to>', 'The same')
    .argument('[port[/protocol]]', 'Of the target (default: an echo request)')
    .option('--format <format>', "'table', 'json', or a Go template: {{.Where}}, {{.Verdict}}, {{.What}}")
    .option('--ipv6', 'Over IPv6 where both have IPv4 too')
    .examples('cnm explain internet web 80', 'cnm explain web db 5432', 'cnm explain web 192.0.2.53 53/udp')
    .errand()
    .perform(async (visit, from: string, to: string, text: string | undefined, { format, ipv6 }: Flags) => {
      const request = { from, to, ...(text === undefined ? {} : portOf(text)), ...(ipv6 ? { family: 6 as const } : {}) }
      const hops = await visit.open((cnm) => cnm.explain(request))
      visit.write(formatRows(HOPS, hops.map(rowFor), given({ format })))
      return Number(hops.at(-1)?.verdict === 'drop')
    })

function portOf(text: string): { readonly port: number; readonly protocol: string } {
  const [, port = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text) ?? []
  if (port === '' || Number(port) < 1 || Number(port) > 65535) throw new Misuse(`invalid port: ${text}`)
  return { port: Number(port), protocol }
}

const rowFor = ({ where, verdict, what }: Hop): Row => new Row('hop', { Verdict: verdict, What: what, Where: where })
