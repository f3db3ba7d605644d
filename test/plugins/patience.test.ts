import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Plugins } from '../../lib/plugins/plugins.ts'

/** Time for a first attempt, one after a second, and none after two more. */
const PATIENCE = 2900

let folder: string
let server: Server
let attempts: number
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-test-'))
  attempts = 0
  server = createServer((socket) => {
    attempts++
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(join(folder, 'rude.sock'), resolve))
})
afterEach(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

it.each(['of a plugin that is expected', 'of one that is not', 'of a call'])('%s: attempts are not made within attempts', async (what) => {
  const plugins = new Plugins({ places: { sockets: folder, specs: [] }, patience: PATIENCE })
  const attempt = what.endsWith('call')
    ? plugins.ask({ plugin: 'rude', method: 'IpamDriver.ReleasePool' })
    : plugins.get('rude', { expected: what.endsWith('expected') })
  await expect(attempt).rejects.toMatchObject({ code: 'PLUGIN_UNREACHABLE' })
  expect(attempts).toBe(2)
})
