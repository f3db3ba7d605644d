// Opens a new state and closes it again.
import { openStore } from '../../../dist/esm/lib/store/store.js'

const [root, run] = process.argv.slice(2)
const store = await openStore({ root, run, descriptor: { tryLock: () => true, closeOnExec() {} }, wait: 0 })
await store.close()
console.log('closed')
