// A network driver in one file, and a Docker plugin: node examples/ptp.mjs (root), then
//   docker network create -d ptp --ipam-driver cnm there        (cnm serve gives addresses)
// Each container is alone on a link of its own and reaches the others through the host, which routes.
import { LINK_GROUP } from 'libcnm'
import { ip, mac } from 'libcnm/netlink'
import { servePlugin } from 'libcnm/plugin'

const plain = (cidr = '') => cidr.replace(/\/\d+$/, '')
const macOf = (id) => `02:${id.slice(-10).match(/../g).join(':')}`
const host = (id) => `ptp${id.slice(0, 7)}`
const inside = (id) => `ptp${id.slice(7, 14)}`
const gatewayOf = ({ pools }) => plain(pools.find(({ family }) => family === 4)?.gateway)

/** A driver answers with plans: what is to be done, in order. It does nothing itself, so what it plans can be shown and undone. */
export const ptp = {
  name: 'ptp',
  capabilities: { scope: 'local', connectivityScope: 'local' },

  // There is nothing to a network as such.
  createNetwork: () => ({ plan: [] }),
  deleteNetwork: () => ({ plan: [] }),

  createEndpoint(network, { id, address, mac: wanted = macOf(id) }) {
    const link = host(id)
    const own = (name, value) => ({ op: 'sysctl', path: `net/ipv4/conf/${link}/${name}`, value })
    const plan = [
      { op: 'link.add', kind: 'veth', name: link, group: LINK_GROUP, peer: { name: inside(id), at: 0, mac: mac(wanted) } },
      { op: 'addr.add', link, address: ip(gatewayOf(network)), prefix: 32 },
      // Others are asked for on the link, since all have one subnet: the host answers in their place, and passes on.
      own('proxy_arp', '1'),
      own('forwarding', '1'),
      { op: 'link.set', link, up: true },
      { op: 'route.add', link, to: ip(plain(address)), prefix: 32 },
    ]
    return { plan, mac: wanted }
  },

  // Addresses, settings and routes go with the link.
  deleteEndpoint: (_, { id }) => ({ plan: [{ op: 'link.del', link: host(id) }] }),

  // What belongs into the container; whoever has it puts it there.
  join: (network, { id }) => ({
    plan: [],
    link: { name: inside(id), prefix: 'eth' },
    gateway: gatewayOf(network),
    gateway6: '',
    routes: [],
  }),
  leave: () => ({ plan: [] }),
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  const [, , socket = '/run/docker/plugins/ptp.sock'] = process.argv
  const plugin = await servePlugin({ network: ptp, socket })
  console.log(plugin.sockets.join('\n'))
  process.once('SIGTERM', () => plugin.close()).once('SIGINT', () => plugin.close())
}
