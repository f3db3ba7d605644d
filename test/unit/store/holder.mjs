// Owns the directories it is given until it is killed; says 'ready' when it does, or why it cannot.
import * as descriptor from '../../../dist/esm/lib/netlink/descriptor.js'
import { openStore } from '../../../dist/esm/lib/store/store.js'

const [root, run, note] = process.argv.slice(2)
try {
  const store = await openStore({ root, run, descriptor, wait: 0 })
  if (note) store.transact(() => store.marks.put('note', note))
  console.log('ready')
  setInterval(() => {}, 60_000)
} catch (error) {
  console.log(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
