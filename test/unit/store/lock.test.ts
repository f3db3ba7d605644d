import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { directories, opened, rejection } from './fixture.ts'

/** Another process that owns the directories, or its words why it does not. */
async function another({ root, run }: ReturnType<typeof directories>, note = '') {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'holder.mjs'), root, run, note], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  onTestFinished(() => void child.kill('SIGKILL'))
  const [words] = await once(child.stdout, 'data')
  return { pid: child.pid, words: String(words).trim(), ended, kill: () => (child.kill('SIGKILL'), ended) }
}

describe('one owner at a time', () => {
  it('is told who owns the run directory', async () => {
    const where = directories()
    const owner = await another(where)
    expect(owner.words).toBe('ready')
    expect(await rejection(opened(where))).toMatchObject({
      code: 'STATE_LOCKED',
      status: 409,
      message: `another controller holds ${where.run} (process ${owner.pid})`,
    })
    expect(readFileSync(join(where.run, 'lock'), 'utf8')).toBe(`${owner.pid}\n`)
  })

  it('holds in this process too, and both ways', async () => {
    const where = directories()
    const store = await opened(where)
    expect((await rejection(opened(where))).message).toContain(`(process ${process.pid})`)
    expect((await another(where)).words).toBe(`STATE_LOCKED: another controller holds ${where.run} (process ${process.pid})`)
    await store.close()
    expect((await another(where)).words).toBe('ready')
  })

  it('may not share a state directory from two run directories', async () => {
    const { root, run } = directories()
    await opened({ root, run })
    expect((await rejection(opened({ root, run: `${run}-2` }))).message).toContain(`another controller holds ${root} `)
    await opened({ root: `${root}-2`, run: `${run}-2` })
  })

  it('is told who has the lock after its owner has ended', async () => {
    const where = directories()
    const owner = await another(where)
    await owner.kill()
    const script = 'exec 9<>"$0"; flock 9; echo ready; exec sleep 1000'
    const heir = spawn('sh', ['-c', script, join(where.run, 'lock')], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void heir.kill('SIGKILL'))
    await once(heir.stdout, 'data')
    expect((await rejection(opened(where))).message).toBe(`another controller holds ${where.run} (process ${heir.pid})`)
  })

  it('is told so too of one that opens and closes files all the time', async () => {
    const where = directories()
    await (await another(where)).kill()
    const script = 'exec 9<>"$0"; flock 9; echo ready; while :; do : 3</dev/null 4</dev/null; done'
    const heir = spawn('sh', ['-c', script, join(where.run, 'lock')], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void heir.kill('SIGKILL'))
    await once(heir.stdout, 'data')
    for (let round = 0; round < 60; round++)
      expect((await rejection(opened(where))).message).toBe(`another controller holds ${where.run} (process ${heir.pid})`)
  })

  it('ends by kill -9, and what it had written is there', async () => {
    const where = directories()
    const owner = await another(where, 'written before the end')
    await owner.kill()
    const store = await opened(where)
    expect(store.marks.get('note')).toBe('written before the end')
    expect(readFileSync(join(where.run, 'lock'), 'utf8')).toBe(`${process.pid}\n`)
  })
})

describe('who waits', () => {
  it('goes on as soon as the owner has ended', async () => {
    const where = directories()
    const owner = await another(where)
    const waiting = opened({ ...where, wait: 20_000 })
    await sleep(50)
    await owner.kill()
    expect((await waiting).networks.list()).toEqual([])
  })

  it('gives up after the time it was given, not before', async () => {
    const where = directories()
    await opened(where)
    const start = performance.now()
    expect((await rejection(opened({ ...where, wait: 150 }))).code).toBe('STATE_LOCKED')
    expect(performance.now() - start).toBeGreaterThanOrEqual(150)
  })

  it('stops when told to, with the reason it was given', async () => {
    const where = directories()
    await opened(where)
    const stop = new AbortController()
    const waiting = opened({ ...where, wait: 20_000, signal: stop.signal })
    const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' })
    setTimeout(() => stop.abort(reason), 20)
    await expect(waiting).rejects.toBe(reason)
    await expect(opened({ ...directories(), signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
