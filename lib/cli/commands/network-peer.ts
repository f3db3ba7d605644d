import { given } from '../../model/given.ts'
import type { Peer } from '../../model/peer.ts'
import { formatRows, type ListFlags, type Listing } from '../format/rows.ts'
import { Row } from '../format/value.ts'
import { Misuse } from '../misuse.ts'
import type { Verb } from '../verb.ts'

interface AddFlags {
  readonly vtep?: string
  readonly mac?: string
  readonly ip?: string
  readonly ip6?: string
}

export const networkPeer = (noun: Verb): Verb =>
  noun
    .command('peer')
    .description('Endpoints of an overlay network on hosts that are not of this cluster')
    .examples('cnm network peer add app --vtep 10.99.0.9 --mac 02:00:00:00:00:09 --ip 10.0.1.9', 'cnm network peer ls app')
    .gather(add, ls, rm)

const add = (noun: Verb): Verb =>
  noun
    .command('add')
    .description('Tell a network of an endpoint behind a VXLAN that somebody else keeps')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .option('--vtep <address>', 'The address of its host on the underlay')
    .option('--mac <mac>', 'Its MAC address')
    .option('--ip <address>', 'Its IPv4 address, which nobody else is given from now on')
    .option('--ip6 <address>', 'Its IPv6 address')
    .examples('cnm network peer add app --vtep 10.99.0.9 --mac 02:00:00:00:00:09 --ip 10.0.1.9')
    .errand()
    .perform(async (visit, network: string, { vtep, mac, ip, ip6 }: AddFlags) => {
      if (vtep === undefined || mac === undefined) throw new Misuse(`'--${vtep === undefined ? 'vtep' : 'mac'}' is needed`)
      const peer = await visit.open((cnm) =>
        visit.change(cnm, (it, options) => it.addPeer(network, { vtep, mac, ...given({ ip, ip6 }) }, options)),
      )
      if (peer) visit.print(peer.endpointId)
    })

const rm = (noun: Verb): Verb =>
  noun
    .command('rm')
    .alias('remove')
    .description('Forget such an endpoint')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .argument('<peer>', 'Its MAC address, one of its addresses, or its id')
    .examples('cnm network peer rm app 02:00:00:00:00:09')
    .errand()
    .perform(async (visit, network: string, peer: string) => {
      await visit.open((cnm) => visit.change(cnm, (it, options) => it.removePeer(network, peer, options)))
    })

const PEERS: Listing = {
  headers: { ID: 'PEER ID', MAC: 'MAC', VTEP: 'VTEP', IPv4: 'IPV4', IPv6: 'IPV6', Node: 'NODE' },
  columns: ['VTEP', 'MAC', 'IPv4', 'IPv6', 'Node'],
  raw: 'peer_id: {{.ID}}\nvtep: {{.VTEP}}\nmac: {{.MAC}}\nipv4: {{.IPv4}}\nipv6: {{.IPv6}}\n',
  quietRaw: 'peer_id: {{.ID}}',
}

const ls = (noun: Verb): Verb =>
  noun
    .command('ls')
    .alias('list')
    .description('List what is known of endpoints on other hosts')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .option('--format <format>', "'table', 'json', 'raw', or a Go template: {{.ID}}, {{.VTEP}}, {{.MAC}}, {{.IPv4}}, {{.IPv6}}, {{.Node}}")
    .option('-q, --quiet', 'Print ids only')
    .examples('cnm network peer ls app', "cnm network peer ls --format '{{.MAC}} {{.VTEP}}' app")
    .errand()
    .perform((visit, network: string, flags: ListFlags) =>
      visit.open(async (cnm) => {
        const peers = await cnm.peers(network)
        visit.write(formatRows(PEERS, peers.map(rowFor), flags))
      }),
    )

const rowFor = ({ endpointId, nodeId, vtep, mac, address = '', address6 = '' }: Peer): Row =>
  new Row('peer', { ID: endpointId, IPv4: address, IPv6: address6, MAC: mac, Node: nodeId, VTEP: vtep })
