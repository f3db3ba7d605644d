import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clean, collect, end as endAt } from '../support/program.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

/** A program that listens: next() is told of links and forwarding entries of `netns`. */
function end(stage: string, options: readonly string[] = []) {
  const program = `const netns = at(); ${collect}
    ;(async () => {
      let monitor = await addon.Monitor.open(netns, ['link', 'fdb'], 65536)
      ${stage}
    })()`
  return endAt(spaces.paths[0], program, options)
}

const told = ({ stdout }: { readonly stdout: string }) => stdout.trim().split('\n')

describe('a process with a monitor ends', () => {
  it.each([
    ['by exit() while it waits', 'monitor.next(1); setTimeout(process.exit, 10)'],
    ['by exit() from an event', 'monitor.next(1).then(() => process.exit()); addon.apply([netns], bridges, 2)'],
    ['by exit() while it reads what is there', 'addon.apply([netns], bridges, 1); monitor.drain(); setTimeout(process.exit, 5)'],
    ['of itself when nobody waits for an event', ''],
  ])('%s', (_, stage) => {
    expect(end(stage)).toEqual(clean)
  })

  it('of itself when the wait is over', () => {
    expect(end('monitor.next(1).then((batch) => console.log(batch)); setTimeout(() => addon.cancel(1), 5)')).toEqual({
      ...clean,
      stdout: 'null\n',
    })
  })

  it('not before: who waits for an event keeps it', () => {
    // A timer that keeps nothing: it comes only to a process that goes on for another reason.
    const stage = `monitor.next(1).then(({ changes }) => console.log(changes[0].table))
      setTimeout(() => addon.apply([netns], [bridge(0)], 2), 20).unref()`
    expect(end(stage)).toEqual({ ...clean, stdout: 'fdb\n' })
  })
})

describe('a worker with monitors ends', () => {
  it('sixty times at any moment, while it is told of changes', () => {
    const busy = `const netns = at(); let jobs = 1
      const listen = async (monitor) => { for (;;) await Promise.all([monitor.next(jobs++), monitor.drain()]) }
      for (let n = 0; n < 4; n++) addon.Monitor.open(netns, ['link', 'address', 'fdb'], 65536).then(listen)
      const again = (n) => addon.apply([netns], [{ op: 'link.set', link: 'lo', mtu: 1500 + n % 9 }], jobs++).then(() => again(n + 1))
      again(0)
      setTimeout(() => parentPort.postMessage('busy'), Math.random() * 5)`
    const program = `const once = () => terminated(${JSON.stringify(busy)})
      ;(async () => {
        for (let n = 0; n < 20; n++) await Promise.all([once(), once(), once()])
        console.log('alive')
      })()`
    expect(endAt(spaces.paths[0], program)).toEqual({ ...clean, stdout: 'alive\n' })
  })
})

describe('a monitor that is collected', () => {
  it('is closed', () => {
    const count = "require('node:fs').readdirSync('/proc/self/fd').length"
    const stage = `await wait(); const before = ${count}; monitor = null; await wait(); console.log(before - ${count}); netns.close()`
    expect(told(end(stage, ['--expose-gc']))).toEqual(['1'])
  })
})
