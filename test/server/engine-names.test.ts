import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EngineNames } from '../../lib/server/engine-names.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()

it('an engine that tells of what happens, and not what there is, is listened to once at a time', async () => {
  const heard: IncomingMessage[] = []
  const engine = createServer((asked, answer) => {
    if (asked.url?.startsWith('/events')) {
      heard.push(asked)
      answer.flushHeaders()
    } else answer.writeHead(403).end()
  })
  const socket = join(stage.lab.run, '..', 'engine.sock')
  await once(engine.listen(socket), 'listening')
  {
    await using _ = new EngineNames(stage.cnm, socket)
    await expect.poll(() => heard.length).toBe(2)
    await expect.poll(() => heard[0]?.socket.destroyed).toBe(true)
  }
  engine.close()
  engine.closeAllConnections()
})
