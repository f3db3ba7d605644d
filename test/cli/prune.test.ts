import { EventEmitter } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { snapshot } from '../support/snapshot.ts'
import { Host } from './host.ts'

let host: Host
beforeAll(() => {
  host = new Host()
})
afterAll(() => host[Symbol.asyncDispose]())

const names = async () => (await host.must(['network', 'ls', '--format', '{{.Name}}', '-f', 'type=custom'])).split('\n').filter(Boolean)

describe('network prune', () => {
  it('removes what nobody is on, when asked and told yes', async () => {
    const before = snapshot(host.host)
    for (const line of [
      'network create idle',
      'network create --label keep=1 kept',
      'network create busy',
      'network create --config-only plan',
    ])
      await host.must(line)
    await host.must('sandbox create --name web --network busy')

    expect((await host.cnm('network prune', { input: 'n' })).stdout).toMatch(/\[y\/N\] $/)
    expect(await names()).toEqual(['busy', 'idle', 'kept', 'plan'])

    const plans = await host.must('network prune --dry-run --filter label!=keep')
    expect(plans).toMatch(/ ip link del dev br-/)
    expect(await names()).toContain('idle')

    expect(await host.must(['network', 'ls', '-q', '-f', 'dangling=true', '--format', '{{.Name}}'])).toBe('idle\nkept\nplan')
    expect(await host.must('network prune -f --filter label!=keep')).toBe('Deleted Networks:\nidle')
    expect(await host.must('network prune -f --filter until=1h')).toBe('')
    expect(await host.must('network prune -f --filter label=keep=1')).toBe('Deleted Networks:\nkept')
    expect(await host.must('network prune -f')).toBe('')
    expect(await names()).toEqual(['busy', 'plan'])

    await host.must('sandbox rm web')
    await host.must('network rm busy plan')
    expect(snapshot(host.host)).toEqual(before)
  })

  it('does not wait for an answer when a signal comes', async () => {
    const signals = new EventEmitter()
    const asked = host.cnm('network prune', { signals, ask: () => new Promise(() => signals.emit('SIGINT', 'SIGINT')) })
    expect(await asked).toMatchObject({ status: 130, stderr: '' })
  })
})

describe('network exists', () => {
  it('answers with its exit code alone', async () => {
    await host.must('network create here')
    expect(await host.cnm('network exists here')).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(await host.cnm('network exists nowhere')).toEqual({ status: 1, stdout: '', stderr: '' })
    await host.must('network rm -f here nowhere')
    expect((await host.cnm('network exists here')).status).toBe(1)
  })
})
