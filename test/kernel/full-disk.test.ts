import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { BEYOND4, LAN4, Lab } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { reaches } from '../support/traffic.ts'

/** Takes all the room that there is in a file system, until it is taken away again. */
function fill(folder: string): Disposable {
  const path = join(folder, 'filler')
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(path, new Uint8Array(bavail * bsize))
  return { [Symbol.dispose]: () => rmSync(path) }
}

it('a network of which the run directory has no room to know was not made, and what it would have had is free', async () => {
  await using lab = new Lab()
  mkdirSync(lab.run)
  must(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', lab.run])
  const create = (name: string) =>
    cnm.createNetwork({
      name,
      driver: 'macvlan',
      options: { parent: 'lan0' },
      ipam: { config: [{ subnet: '192.0.2.0/24', ipRange: '192.0.2.64/26', gateway: LAN4 }] },
    })
  const names = () =>
    cnm
      .networks()
      .map(({ name }) => name)
      .toSorted()
  let cnm = await lab.open()
  const before = names()
  {
    using _ = fill(lab.run)
    await expect(create('lost')).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' })
  }
  expect(names()).toEqual(before)
  await create('lan')
  await cnm.close()
  cnm = await lab.open()
  expect(names()).toEqual([...before, 'lan'].toSorted())
  const { path } = await cnm.createSandbox({ name: 'a', networks: [{ network: 'lan' }] })
  expect(await reaches(path, BEYOND4)).toBe(true)
  await cnm.removeSandbox('a')
  await cnm.close()
})

it.each(['run', 'root'] as const)(
  'what is there can be removed while the %s directory is full, by the next controller too',
  async (which) => {
    await using lab = new Lab()
    mkdirSync(lab[which])
    must(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', lab[which]])
    let cnm = await lab.open()
    const had = must(['ip', '-br', 'link'], { netns: lab.host })
    for (const name of ['front', 'back']) await cnm.createNetwork({ name })
    for (const name of ['a', 'b', 'c', 'd'])
      await cnm.createSandbox({
        name,
        networks: [{ network: 'front' }, { network: 'back' }],
        ports: [{ protocol: 'tcp', hostIP: '', hostPort: 0, port: 80 }],
      })
    {
      using _ = fill(lab[which])
      await cnm.disconnect('a', 'back')
      await cnm.close()
      cnm = await lab.open()
      for (const name of ['a', 'b', 'c']) await cnm.removeSandbox(name)
      await expect(cnm.createNetwork({ name: 'more' })).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' })
      await cnm.removeSandbox('d')
      await cnm.removeNetwork('back')
    }
    await cnm.removeNetwork('front')
    expect(await cnm.findings()).toEqual([])
    await cnm.close()
    await using next = await lab.open()
    expect(next.sandboxes()).toEqual([])
    expect(must(['ip', '-br', 'link'], { netns: lab.host })).toBe(had)
  },
)
