// `cnm`, one command line after the other within one process, so that Node starts only once. Reads lines of JSON, each a list of
// arguments, and prints what came of it: {status, stdout, stderr}.
import { EventEmitter } from 'node:events'
import { createInterface } from 'node:readline'
import { cnm } from '../../dist/esm/lib/cli/cnm.js'
import { open } from '../../dist/esm/lib/index.js'
import { reach } from '../../dist/esm/lib/server/client/remote.js'

for await (const line of createInterface({ input: process.stdin })) {
  const ran = { status: 0, stdout: '', stderr: '' }
  ran.status = await cnm(JSON.parse(line), {
    stdout: { write: (text) => (ran.stdout += text) },
    stderr: { write: (text) => (ran.stderr += text) },
    env: process.env,
    signals: new EventEmitter(),
    ask: async () => '',
    open,
    reach,
  })
  console.log(JSON.stringify(ran))
}
