import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dismiss } from '../../lib/server/guests.ts'
import { listen } from '../../lib/server/socket.ts'
import { run } from '../support/run.ts'

let folder: string
let server: Server
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-test-'))
  server = createServer()
})
afterEach(() => rmSync(folder, { recursive: true }))

it("a socket is its owner's alone, and goes with its server", async () => {
  const path = join(folder, 'deep', 'x.sock')
  await listen(server, path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await dismiss(server)
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
})

it('one that a killed process left is replaced', async () => {
  const path = join(folder, 'x.sock')
  const killed = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))"
  run([process.execPath, '-e', killed, path])
  expect(statSync(path).isSocket()).toBe(true)
  await listen(server, path)
  await dismiss(server)
})

it('one that somebody serves, and what is no socket, are left alone', async () => {
  const path = join(folder, 'x.sock')
  await listen(server, path)
  await expect(listen(createServer(), path)).rejects.toMatchObject({
    code: 'SOCKET_IN_USE',
    message: `${path} is served by another process`,
  })
  expect(server.listening).toBe(true)
  await dismiss(server)
  writeFileSync(path, 'mine')
  await expect(listen(server, path)).rejects.toMatchObject({ code: 'SOCKET_FOREIGN' })
  expect(statSync(path).size).toBe(4)
})
