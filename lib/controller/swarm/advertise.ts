import { formatAddress, parseAddress } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { isOurs } from '../../model/ids.ts'
import { dump } from '../../netlink/kernel.ts'
import type { Hall } from '../hall.ts'

const RT_SCOPE_UNIVERSE = 0

interface Held {
  readonly link: string
  readonly ip: string
}

/** The addresses of this host that others may reach it at; those of our own links are not. */
async function heldBy({ host }: Hall): Promise<readonly Held[]> {
  const [links, addresses] = await Promise.all([dump(host, 'link'), dump(host, 'address')])
  const names = new Map(links.filter(({ group }) => !isOurs(group)).map(({ index, name }) => [index, name]))
  return addresses
    .filter(({ scope }) => scope === RT_SCOPE_UNIVERSE)
    .flatMap(({ link, address }) => {
      const name = names.get(link)
      return name === undefined || name === 'lo' ? [] : [{ link: name, ip: formatAddress(address) }]
    })
}

/** An address that was asked for by itself or by its link; the only one there is where nothing was. Throws ADVERTISE_UNKNOWN, ADVERTISE_AMBIGUOUS. */
export async function advertised(hall: Hall, wanted: string | undefined): Promise<string> {
  const held = await heldBy(hall)
  const shown = held.map(({ ip, link }) => `${ip} on ${link}`).join(', ')
  const unknown = () => fault('ADVERTISE_UNKNOWN', { addresses: shown || 'none' })
  const address = parseAddress(wanted ?? '')
  if (address) {
    const text = formatAddress(address)
    if (!held.some(({ ip }) => ip === text)) throw unknown()
    return text
  }
  const fitting = wanted === undefined ? held : held.filter(({ link }) => link === wanted)
  const fours = fitting.filter(({ ip }) => !ip.includes(':'))
  const [first, ...others] = fours.length > 0 ? fours : fitting
  if (!first) throw unknown()
  if (others.length > 0 && wanted === undefined) throw fault('ADVERTISE_AMBIGUOUS', { addresses: shown })
  return first.ip
}
