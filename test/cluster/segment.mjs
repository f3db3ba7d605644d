// Plain JavaScript: processes of their own, which run the built library, use it too.

const GROUP = 0x636e6d

const macBytes = (mac) => Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16))
const macOf = (id) => `02:${id.slice(-10).replace(/..(?=.)/g, '$&:')}`
const endsOf = (id) => ({ host: `veth${id.slice(0, 7)}`, sandbox: `veth${id.slice(7, 14)}` })

export const segment = {
  name: 'overlay',
  capabilities: { scope: 'global', connectivityScope: 'global' },
  createNetwork: () => ({ plan: [] }),
  deleteNetwork: () => ({ plan: [] }),
  createEndpoint: (_, { id, mac = macOf(id) }) => {
    const { host, sandbox } = endsOf(id)
    const peer = { name: sandbox, at: 0, group: GROUP, mac: macBytes(mac) }
    return { plan: [{ op: 'link.add', kind: 'veth', name: host, group: GROUP, peer }], mac }
  },
  deleteEndpoint: (_, { id }) => ({ plan: [{ op: 'link.del', link: endsOf(id).host, behind: true }] }),
  join: (_, { id }) => ({ plan: [], link: { name: endsOf(id).sandbox, prefix: 'eth' }, gateway: '', gateway6: '', routes: [] }),
  leave: () => ({ plan: [] }),
}

export class Told {
  #peers = new Map()
  /** How many went that were known. */
  withdrawn = 0

  async set(_, network, peers) {
    this.#peers.set(network, new Map(peers.map((peer) => [peer.endpointId, peer])))
  }

  async change(_, network, gone, came) {
    const peers = this.#peers.get(network)
    if (!peers) throw new Error('changed before it was set')
    for (const { endpointId } of gone) if (peers.delete(endpointId)) this.withdrawn++
    for (const peer of came) peers.set(peer.endpointId, peer)
  }

  on(network) {
    return Array.from(this.#peers.get(network)?.values() ?? [], ({ address, vtep }) => `${address} ${vtep}`).sort()
  }
}
