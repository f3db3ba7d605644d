import { spawn } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { Island, rising } from './island.ts'
import { docker } from './players.ts'

/** Keeps an island, and tells its process, and where its LAN peer is. */
const OWNER = `const { spawn } = require('node:child_process')
  const [command, ...argv] = process.argv.slice(1)
  const keeper = spawn(command, argv, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  keeper.stdout.on('data', (lan) => console.log(keeper.pid + ' ' + lan))`

async function owned(controlGroups: string) {
  const owner = spawn(process.execPath, ['-e', OWNER, ...rising(controlGroups)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { value } = await createInterface({ input: owner.stdout })[Symbol.asyncIterator]().next()
  const [pid, lan] = value.split(' ')
  return { owner, island: new Island(Number(pid), controlGroups, lan, async () => {}) }
}

function namespaceOf(pid: string, kind: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    // Ended meanwhile.
    return ''
  }
}

const namespacesOf = (pid: string): readonly string[] => ['net', 'mnt', 'pid'].map((kind) => namespaceOf(pid, kind))

/** Processes that are in one of the namespaces. */
const inside = (namespaces: readonly string[]): readonly string[] =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name) && namespacesOf(name).some((own) => namespaces.includes(own)))

const groupsOf = (name: string): string => must(['find', '/sys/fs/cgroup', '-name', name])

/** Looks until there is nothing, which takes a moment. */
async function gone(look: () => unknown): Promise<unknown> {
  for (let patience = 500; patience > 0 && String(look()) !== ''; patience--) await new Promise((resolve) => setTimeout(resolve, 20))
  return look()
}

it('nothing is left of dockerd and its containers when their owner is killed', async () => {
  const name = `cnm-island-${process.pid}-owned`
  const { owner, island } = await owned(name)
  expect((await (await docker(island)).start('web', ['-p', '80'])).status).toBe(0)
  const namespaces = ['net', 'mnt', 'pid_for_children'].map((kind) => namespaceOf(String(island.pid), kind))
  expect(inside(namespaces).length).toBeGreaterThan(5)
  expect(groupsOf(name)).not.toBe('')
  owner.kill('SIGKILL')
  expect(await gone(() => inside(namespaces))).toEqual([])
  expect(groupsOf(name)).toBe('')
})
