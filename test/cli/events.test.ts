import { EventEmitter } from 'node:events'
import { appendFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { EventLog, eventsOf } from '../../lib/controller/execution/events.ts'
import type { NetworkEvent } from '../../lib/model/event.ts'
import { run, start } from '../support/run.ts'
import { CNM, Host } from './host.ts'

let host: Host
beforeAll(() => {
  host = new Host()
})
afterAll(() => host[Symbol.asyncDispose]())

const FORMAT = '{{.Action}} {{.Actor.Attributes.name}}'
const past = (...flags: readonly string[]) => host.must(['events', '--since', '0', '--until', '0s', '--format', FORMAT, ...flags])

describe('cnm events', () => {
  it('tells what verbs have done to networks, and no more', async () => {
    const id = await host.must('network create front')
    const web = await host.must('sandbox create --name web --network front')
    await host.must('network create --dry-run never')
    await host.cnm('network create front')
    await host.must('network disconnect front web')
    await host.must('network connect front web')
    await host.must('sandbox rm web')
    await host.must('network create idle')
    await host.must('network prune -f --filter label=x')
    await host.must('network rm front idle')
    expect((await past()).split('\n')).toEqual([
      'create front',
      'connect front',
      'disconnect front',
      'connect front',
      'disconnect front',
      'create idle',
      'prune <no value>',
      'destroy front',
      'destroy idle',
    ])
    expect(await past('-f', 'event=create', '-f', 'network=front')).toBe('create front')
    // As for Docker, the beginning of its name will do.
    expect(await past('-f', 'event=create', '-f', 'network=fro')).toBe('create front')
    expect(await past('-f', 'network=ront')).toBe('')
    expect(await past('-f', `container=${web.slice(0, 5)}`, '-f', 'event=connect')).toBe('connect front\nconnect front')
    expect(await past('-f', 'type=container')).toBe('')
    const [first] = (await host.must('events --since 0 --until 0s --format json -f event=create')).split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({
      Type: 'network',
      Action: 'create',
      Actor: { ID: id, Attributes: { name: 'front', type: 'bridge' } },
      scope: 'local',
    })
  })

  it('reaches another process as it happens, and ends at --until', async () => {
    const argv = [process.execPath, CNM, 'events', '--run', host.run, '--format', FORMAT]
    await host.must('network create seen')
    await new Promise((resolve) => setTimeout(resolve, 2))
    const before = String(Date.now() / 1000)
    await using follower = await start([...argv, '--since', '0'])
    const lines: string[] = []
    follower.child.stdout?.on('data', (text) => lines.push(...String(text).trim().split('\n')))
    await host.must('network rm seen')
    await expect.poll(() => lines).toContain('destroy seen')
    expect(run([...argv, '--since', before, '--until', String(Date.now() / 1000)]).stdout).toBe('destroy seen\n')
  })

  it('ends when nobody reads it any more', async () => {
    await host.must('network create heard')
    const line = `${process.execPath} ${CNM} events --run ${host.run} --since 0 | head -n 1; echo "ended: \${PIPESTATUS[0]}"`
    await using follower = await start(['bash', '-c', line])
    const ended = new Promise<string>((resolve) => follower.child.stdout?.once('data', (text) => resolve(String(text))))
    await host.must('network rm heard')
    expect(await ended).toBe('ended: 0\n')
  })

  it('ends with a signal', async () => {
    const signals = new EventEmitter()
    const ended = host.cnm('events', { signals })
    signals.emit('SIGINT')
    expect((await ended).status).toBe(130)
  })

  it('refuses what is no moment, no filter, no template', async () => {
    expect((await host.cnm('events --since yesterday')).stderr).toBe('failed to parse value as time or duration: "yesterday"\n')
    expect((await host.cnm('events --filter colour=red')).stderr).toBe("invalid filter 'colour'\n")
  })
})

describe('the log', () => {
  const collect = async (events: AsyncIterable<NetworkEvent>) => {
    const ids: string[] = []
    for await (const { id } of events) ids.push(id)
    return ids
  }

  it('keeps the newest, within bounds, and a reader misses none when it is turned over', async () => {
    const log = new EventLog(host.run)
    const id = (number: number) => String(number).padStart(64, '0')
    const until = Date.now() + 60_000
    const seen: string[] = []
    const stop = new AbortController()
    const reading = (async () => {
      for await (const event of eventsOf(host.run, { until, signal: stop.signal })) seen.push(event.id)
    })().catch(() => {})
    const COUNT = 12_000
    for (let number = 0; number < COUNT; number++) {
      log.tell('create', { id: id(number), name: 'x'.repeat(100), driver: 'bridge', scope: 'local' })
      if (number % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    log.close()
    await expect.poll(() => seen.at(-1)).toBe(id(COUNT - 1))
    stop.abort()
    await reading
    expect(seen).toEqual(Array.from({ length: COUNT }, (_, number) => id(number)))
    const kept = ['events.jsonl', 'events.old.jsonl'].map((name) => statSync(join(host.run, name)).size)
    expect(Math.max(...kept)).toBeLessThan(1.1 * 2 ** 20)
    expect((await collect(eventsOf(host.run, { since: 0, until: Date.now() }))).at(-1)).toBe(id(COUNT - 1))
  })

  it('tells what comes, though the clock is set back, and not once more what has been', async () => {
    const at = (id: string, seconds: number) => {
      const time = (Date.now() + seconds * 1000) * 1000
      appendFileSync(join(host.run, 'events.jsonl'), `${JSON.stringify({ action: 'create', id, scope: 'local', attributes: {}, time })}\n`)
    }
    at('before it was set back', 3600)
    const stop = new AbortController()
    const coming = eventsOf(host.run, { signal: stop.signal })
    at('told by a clock that is behind', -3600)
    at('told by a clock that is right', 0)
    const seen: string[] = []
    const reading = (async () => {
      for await (const { id } of coming) seen.push(id)
    })().catch(() => {})
    await expect.poll(() => seen.at(-1)).toBe('told by a clock that is right')
    stop.abort()
    await reading
    expect(seen).toEqual(['told by a clock that is behind', 'told by a clock that is right'])
    rmSync(join(host.run, 'events.jsonl'))
  })

  it('is read until its end, be that after months, or when the clock is set back', async () => {
    const warned: string[] = []
    const warn = ({ name }: Error) => warned.push(name)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    const stop = new AbortController()
    const months = collect(eventsOf(host.run, { until: Date.now() + 60 * 86_400_000, signal: stop.signal })).catch(() => 'stopped')
    const clock = Date.now
    const moment = collect(eventsOf(host.run, { since: clock(), until: clock() + 20 }))
    vi.spyOn(Date, 'now').mockImplementation(() => clock() - 50)
    onTestFinished(() => void vi.restoreAllMocks())
    expect(await moment).toEqual([])
    stop.abort()
    expect(await months).toBe('stopped')
    expect(warned).toEqual([])
  })

  it('a line that was cut off is none', async () => {
    appendFileSync(join(host.run, 'events.jsonl'), '{"action":"cre')
    const log = new EventLog(host.run)
    log.tell('prune', null)
    log.tell('destroy', { id: 'last', name: 'x', driver: 'bridge', scope: 'local' })
    expect((await collect(eventsOf(host.run, { since: 0, until: Date.now() }))).at(-1)).toBe('last')
    rmSync(join(host.run, 'events.jsonl'))
    log.tell('destroy', { id: 'anew', name: 'x', driver: 'bridge', scope: 'local' })
    log.close()
    expect((await collect(eventsOf(host.run, { since: 0, until: Date.now() }))).at(-1)).toBe('anew')
  })
})
