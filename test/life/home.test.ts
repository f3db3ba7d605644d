import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LOADER } from '../support/program.ts'
import { must } from '../support/run.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-home-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Makes a namespace and looks into it; then, where all threads are. */
const program = (path: string) => `
  const { readdirSync, readlinkSync } = require('node:fs')
  const addon = require(${JSON.stringify(LOADER)})
  const netns = addon.Netns.at(${JSON.stringify(path)})
  const own = readlinkSync('/proc/self/ns/net')
  const main = async () => {
    const { done, refusal } = await addon.apply([netns], [{ op: 'netns.add' }, { op: 'link.set', link: 'lo', up: true }], 1)
    const { index } = await addon.dump(netns, 'link', 2)
    const forwards = await addon.readSysctl(netns, 'net/ipv4/ip_forward')
    const threads = readdirSync('/proc/self/task').map((thread) => readlinkSync('/proc/self/task/' + thread + '/ns/net'))
    await addon.apply([netns], [{ op: 'netns.del' }], 3)
    netns.close()
    console.log(JSON.stringify({ done, refusal, links: index.length, forwards, abroad: threads.filter((place) => place !== own) }))
  }
  main()`

it.each([
  ['who may come back', []],
  // Its own network namespace belongs to a user namespace in which it may do nothing.
  ['who may not', ['unshare', '--user', '--map-root-user', '--mount']],
])('%s has no thread in a namespace afterwards', (_, prefix) => {
  const said = must([...prefix, process.execPath, '-e', program(join(folder, 'space'))])
  expect(JSON.parse(said)).toEqual({ done: 2, refusal: null, links: 1, forwards: '0', abroad: [] })
})
