import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clean, collect, end as endAt } from '../support/program.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'v1', at: 0 } },
    { op: 'link.set', link: 'v1', up: true },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

/** To v1 from v0: an ARP that says nothing. */
const FRAME = 'Uint8Array.from({ length: 60 }, (_, n) => n < 6 ? 255 : n === 6 ? 2 : n === 12 ? 8 : n === 13 ? 6 : 0)'

/** A program with an ear on one end of a pair and a voice on the other. */
function end(stage: string, options: readonly string[] = []) {
  const program = `const netns = at(); ${collect} const frame = ${FRAME}
    ;(async () => {
      let ear = await addon.PacketSocket.open(netns, 'v1', ['arp'])
      let voice = await addon.PacketSocket.open(netns, 'v0', ['arp'])
      ${stage}
    })()`
  return endAt(spaces.paths[0], program, options)
}

describe('a process with a packet socket ends', () => {
  it.each([
    ['by exit() while it waits', 'ear.next(1); setTimeout(process.exit, 10)'],
    ['by exit() from a frame', 'ear.next(1).then(() => process.exit()); voice.send(frame)'],
    ['by exit() while it sends', 'for (let n = 0; n < 100; n++) voice.send(frame); setTimeout(process.exit, 1)'],
    ['of itself when nobody waits for a frame', ''],
  ])('%s', (_, stage) => {
    expect(end(stage)).toEqual(clean)
  })

  it('and what is collected is closed', () => {
    const stage = `const open = () => require('node:fs').readdirSync('/proc/self/fd').length
      const before = open()
      ear = voice = null
      await wait()
      await new Promise((resolve) => setTimeout(resolve, 200))
      console.log(before - open())`
    expect(end(stage, ['--expose-gc'])).toEqual({ ...clean, stdout: '2\n' })
  })
})

it('a worker with packet sockets ends sixty times at any moment, while it speaks and hears', () => {
  const busy = `const netns = at(); let jobs = 1; const frame = ${FRAME}
    const hear = async (ear) => { for (;;) await ear.next(jobs++) }
    const speak = async (voice) => { for (;;) await voice.send(frame) }
    addon.PacketSocket.open(netns, 'v1', ['arp']).then(hear)
    addon.PacketSocket.open(netns, 'v0', [68]).then(speak)
    setTimeout(() => parentPort.postMessage('busy'), Math.random() * 5)`
  const program = `const once = () => terminated(${JSON.stringify(busy)})
    ;(async () => {
      for (let n = 0; n < 20; n++) await Promise.all([once(), once(), once()])
      console.log('alive')
    })()`
  expect(endAt(spaces.paths[0], program)).toEqual({ ...clean, stdout: 'alive\n' })
})
