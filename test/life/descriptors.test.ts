import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { expect, it } from 'vitest'
import { addon } from '../../lib/netlink/addon.ts'
import { Netns } from '../../lib/netlink/namespace.ts'
import { Spaces } from '../support/spaces.ts'

const open = (): number => readdirSync('/proc/self/fd').length
const nft = { op: 'nft', commands: [{ add: { table: { family: 'inet', name: 'lab' } } }] } as const

it('two thousand handles leave no descriptor behind', async () => {
  await using spaces = await Spaces.open()
  // The kernel thread remembers its own namespace as soon as it has been elsewhere.
  await spaces.do({ op: 'link.set', link: 'lo', up: true })
  const before = open()
  for (let n = 0; n < 2000; n++) {
    const netns = Netns.at(spaces.paths[n % 2] ?? '')
    await addon().apply([netns], n % 100 === 0 ? [nft] : [{ op: 'link.set', link: 'lo', up: true }], 1)
    netns.close()
  }
  await spaces.do()
  expect(open()).toBe(before)
})

it('no child inherits a descriptor of ours', async () => {
  await using spaces = await Spaces.open()
  await spaces.do(nft, { op: 'link.set', link: 'lo', up: true })
  const own = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  const list = "fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) } catch { return '' } })"
  const { stdout } = spawnSync(process.execPath, ['-e', `console.log(JSON.stringify(${list}))`], { encoding: 'utf8' })
  const inherited = (JSON.parse(stdout) as string[]).filter((target) => /^(socket|net):/.test(target) && own.includes(target))
  expect(own.some((target) => target.startsWith('net:'))).toBe(true)
  expect(inherited).toEqual([])
})
