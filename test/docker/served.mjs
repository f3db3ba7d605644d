// `cnm serve` and `cnm`, of one controller. Reads lines of JSON, each a list of arguments for
// `cnm`, and prints what came of it: {status, stdout, stderr}.
import { EventEmitter } from 'node:events'
import { createInterface } from 'node:readline'
import { cnm } from '../../dist/esm/lib/cli/cnm.js'
import { open } from '../../dist/esm/lib/index.js'
import { serve } from '../../dist/esm/lib/server/daemon.js'

const controller = await open()
const close = controller.close.bind(controller)
// A verb closes what it has opened; the daemon goes on.
controller.close = async () => {}
const daemon = await serve(controller, { release: '1.2.3', plugins: null })
for await (const line of createInterface({ input: process.stdin })) {
  const ran = { status: 0, stdout: '', stderr: '' }
  ran.status = await cnm(JSON.parse(line), {
    stdout: { write: (text) => (ran.stdout += text) },
    stderr: { write: (text) => (ran.stderr += text) },
    env: process.env,
    signals: new EventEmitter(),
    ask: async () => '',
    open: async () => controller,
  })
  console.log(JSON.stringify(ran))
}
await daemon.close()
await close()
