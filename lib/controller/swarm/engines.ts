import { readFileSync } from 'node:fs'
import { Embedded } from '../../cluster/embedded.ts'
import type { Engine } from '../../cluster/engine.ts'
import { Etcd } from '../../cluster/etcd/etcd.ts'
import type { EngineTls, Membership } from '../../model/swarm.ts'
import type { Store } from '../../store/store.ts'

const LIVE = 'swarm/live/'

/** The store that a swarm is kept in. Throws ENGINE_INVALID. */
export function engineOf(store: Store, { engine, tls }: Pick<Membership, 'engine' | 'tls'>): Engine {
  if (engine === '') return embeddedIn(store)
  return new Etcd(engine, tls ? { credentials: () => credentialsIn(tls) } : {})
}

const embeddedIn = ({ cluster, marks, transact }: Store): Engine =>
  new Embedded({
    kept: cluster,
    live: {
      list: (prefix = '') => marks.list(`${LIVE}${prefix}`).map(({ key, value }) => ({ key: key.slice(LIVE.length), value })),
      put: (key, value) => marks.put(`${LIVE}${key}`, value),
      delete: (key) => marks.delete(`${LIVE}${key}`),
    },
    transact,
  })

const credentialsIn = ({ ca, cert, key }: EngineTls) => ({
  ca: readFileSync(ca, 'utf8'),
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
})
