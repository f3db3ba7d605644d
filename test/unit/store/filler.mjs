// Puts networks until there is no room, then says why it stopped and whether those that went in are still there.
import { openStore } from '../../../dist/esm/lib/store/store.js'

const [root, run] = process.argv.slice(2)
const record = (id) => ({
  id,
  name: id,
  driver: 'bridge',
  scope: 'local',
  created: '',
  internal: false,
  attachable: false,
  enableIPv4: true,
  enableIPv6: false,
  labels: { padding: 'x'.repeat(20_000) },
  options: {},
  ipam: { driver: 'default', options: {} },
  pools: [],
})

const open = () => openStore({ root, run, descriptor: { tryLock: () => true, closeOnExec() {} }, wait: 0 })
const store = await open()
const kept = []
try {
  for (;;) {
    const id = `n${kept.length}`
    store.transact(() => store.networks.put(record(id)))
    kept.push(id)
  }
} catch (error) {
  console.log(`${error.code}: ${error.message}`)
}
// There is always room to delete.
store.transact(() => store.networks.delete(kept.shift()))
const names = (of) =>
  of.networks
    .list()
    .map(({ id }) => id)
    .sort()
    .join()
const before = names(store)
await store.close()
const after = names(await open())
console.log(kept.length > 0 && before === kept.sort().join() && after === before ? 'intact' : `kept ${kept}, had ${before}, has ${after}`)
process.exit()
