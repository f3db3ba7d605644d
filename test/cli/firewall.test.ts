import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { Host } from './host.ts'

let host: Host

beforeEach(() => {
  host = new Host()
})
afterEach(() => host[Symbol.asyncDispose]())

const nft = (...argv: string[]) => must(['nft', ...argv], { netns: host.host })

describe('cnm firewall reload', () => {
  it('brings back the rules that were flushed; its dry run only says which', async () => {
    await host.must('network create front')
    await host.must('sandbox create --name web --network front -p 8080:80')
    const had = nft('list', 'ruleset')
    nft('flush', 'ruleset')
    expect(await host.must('firewall reload --dry-run')).toContain('add element inet cnm address4_any { tcp . 8080 : 172.18.0.2 }')
    expect(nft('list', 'ruleset')).toBe('')
    expect(await host.must('firewall reload')).toBe('')
    expect(nft('list', 'ruleset')).toBe(had)
  })
})
