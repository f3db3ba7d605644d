// A program with the library: carries out lines of the command line, all at once, on one controller,
// and again.

import { EventEmitter } from 'node:events'
import { cnm } from '../../dist/esm/lib/cli/cnm.js'
import { open } from '../../dist/esm/lib/index.js'

const bound = (target, key) => (typeof target[key] === 'function' ? target[key].bind(target) : target[key])
const nobody = { write: () => true }
const base = { stdout: nobody, stderr: nobody, env: process.env, signals: new EventEmitter().setMaxListeners(0), ask: async () => '' }

for (;;) {
  const controller = await open()
  console.log('opened')
  // Each verb opens a controller and closes it: here they share one.
  const shared = new Proxy(controller, { get: (target, key) => (key === 'close' ? async () => {} : bound(target, key)) })
  await Promise.all(JSON.parse(process.argv[2]).map((line) => cnm(line, { ...base, open: async () => shared })))
  await controller.close()
}
