import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatAddress, toBytes } from '../../model/address.ts'
import { finding } from '../../model/findings.ts'
import { LINK_GROUP, shortId } from '../../model/ids.ts'
import { SANDBOX } from '../../model/op.ts'
import { releaseAddresses } from '../endpoints/addresses.ts'
import type { Hall } from '../hall.ts'
import { homeOf } from '../networks/homes.ts'
import { raisedIds, raisedNetworks } from '../networks/raised.ts'
import { type Ailment, taking } from './ailment.ts'
import type { Round } from './drift.ts'
import { dangling, type Records } from './records.ts'
import { SCRATCH } from './rules.ts'

const NUD_PERMANENT = 128

/** What bears our mark and belongs to nobody; `round` has seen all that belongs to somebody. */
export function strays(round: Round): readonly Ailment[] {
  // What a plugin has made, or a driver that this program does not bring, looks the same.
  const all = round.hall.store.networks.list().every(({ driver, plugin }) => !plugin && round.hall.drivers.has(driver))
  return [...namespaces(round.hall), ...(all ? [...links(round), ...neighbours(round)] : [])]
}

const links = ({ host, links: wanted }: Round): readonly Ailment[] =>
  host.links
    .filter(({ group, name }) => group === LINK_GROUP && !wanted.has(name))
    .map(({ name }) => ({
      finding: finding('LINK_STRAY', `link ${name}`, {}),
      mend: taking({ plan: [{ op: 'link.del', link: name }] }),
    }))

function neighbours({ host, links: wanted, neighbours: known }: Round): readonly Ailment[] {
  return host.neighbours.flatMap(({ link, address, mac, state }) => {
    const name = host.nameOf(link)
    const [row, text] = [host.link(name), formatAddress(address)]
    if (row?.group !== LINK_GROUP || state !== NUD_PERMANENT || !wanted.has(name) || known.has(`${name} ${text}`)) return []
    return {
      finding: finding('NEIGHBOUR_STRAY', `link ${name}`, { address: text, mac }),
      mend: taking({ plan: [{ op: 'neigh.del', link: name, address: toBytes(address) }] }),
    }
  })
}

/** Namespaces that we keep, and files that would keep one. */
function namespaces({ run, store }: Hall): readonly Ailment[] {
  const folder = join(run, 'netns')
  const homes = raisedNetworks({ store })
  const kept = new Set([
    join(folder, SCRATCH),
    ...store.sandboxes.list().map(({ path }) => path),
    ...homes.map((network) => homeOf({ run }, network)),
  ])
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => !kept.has(path))
    .map((path) => ({
      finding: finding('NAMESPACE_STRAY', `namespace ${path}`, { path }),
      mend: taking({ plan: [{ op: 'netns.del', at: SANDBOX }], sandbox: path }),
    }))
}

export const recordsOf = ({ store }: Hall): Records => ({
  networks: store.networks.list(),
  sandboxes: store.sandboxes.list(),
  endpoints: store.endpoints.list(),
})

/** Records that speak of others which are not there, and what takes them away. */
export function danglingRecords(hall: Hall): readonly Ailment[] {
  const { store } = hall
  const known = new Set(store.networks.list().map(({ id }) => id))
  const marks = raisedIds(hall).filter((id) => !known.has(id))
  return [
    ...dangling(recordsOf(hall)).map(({ finding, endpoint }) => ({
      finding,
      mend: async (hall: Hall) => {
        await taking({ record: () => store.endpoints.delete(endpoint.id) })(hall)
        const network = store.networks.get(endpoint.networkId)
        if (network && !store.endpoints.get(endpoint.id)) await releaseAddresses(hall, network, endpoint)
      },
    })),
    ...marks.map((id) => ({
      finding: finding('RECORD_DANGLING', `network ${shortId(id)}`, { problem: 'it is said to have its links, but it is not defined' }),
      mend: taking({ record: () => store.marks.delete(`raised/${id}`) }),
    })),
  ]
}
