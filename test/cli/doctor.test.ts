import { readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DOOMED } from '../support/built.ts'
import { must, run, start } from '../support/run.ts'
import { pinned, settled, snapshot } from '../support/snapshot.ts'
import { Host } from './host.ts'

let host: Host

beforeEach(async () => {
  host = new Host()
  await host.must('network create front')
  await host.must('sandbox create --name web --network front -p 8080:80')
})

afterEach(() => host[Symbol.asyncDispose]())

const doctor = async (...flags: string[]) => {
  const { status, stdout } = await host.cnm(['doctor', '--format', 'json', ...flags])
  return { status, findings: stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)])) }
}
const ip = (...argv: string[]) => must(['ip', ...argv], { netns: host.host })
const linkOf = async () => `br-${(await host.must('network ls -q --filter name=front')).slice(0, 12)}`

describe('cnm doctor', () => {
  it('has nothing to say of a healthy host, and ends with 0', async () => {
    expect(await host.cnm('doctor')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('says what, why and what to do, ends with 3, and changes nothing', async () => {
    ip('link', 'set', await linkOf(), 'mtu', '1400')
    ip('link', 'set', await linkOf(), 'down')
    const state = () => [snapshot(host.host), pinned(`${host.run}/netns`), readFileSync(join(host.root, 'networks.mdb'))]
    const before = state()
    const { status, stdout } = await host.cnm('doctor')
    expect(status).toBe(3)
    expect(stdout).toMatch(/^SUBJECT +WHAT +WHY IT MATTERS +FIX\n/)
    const found = `link ${await linkOf()}: its mtu is 1400, and 1 more`
    expect(stdout).toMatch(new RegExp(`network front +${found} +its sandboxes may not reach one another, .* cnm repair\\n`))
    expect(state()).toEqual(before)
  })

  it('says what is wrong with a state that nobody can open', async () => {
    for (let n = 0; n < 20; n++) await host.must(`network create --config-only template${n}`)
    truncateSync(join(host.root, 'networks.mdb'), 3 * 4_096)
    expect(await doctor()).toMatchObject({
      status: 3,
      findings: [{ Code: 'STATE_UNUSABLE', What: expect.stringContaining('it was cut off at 12288 bytes') }],
    })
  })

  it('tells of a verb that was killed half-way; repair takes it back', async () => {
    await settled(host.host)
    const before = snapshot(host.host)
    const verb = JSON.stringify(['createNetwork', { name: 'more' }])
    expect(run([process.execPath, DOOMED, host.root, host.run, host.host, 'after link.set', verb]).stdout).toBe('after link.set')
    const { findings } = await doctor()
    expect(findings.map(({ Code }) => Code)).toEqual(['VERB_UNFINISHED', 'LINK_STRAY'])
    const { stdout } = await host.cnm('repair --dry-run')
    expect(stdout.match(/ip link del/g)).toHaveLength(1)
    expect((await doctor()).findings).toEqual(findings)
    expect(await host.cnm('repair')).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(snapshot(host.host)).toEqual(before)
    expect(await host.must('network ls --format {{.Name}}')).not.toContain('more')
  })

  it('does not finish what was interrupted: that is repair’s', async () => {
    await host.must('run --network front -- true')
    const dead = await host.open()
    await dead.createSandbox({ name: 'owned', owner: 1_999_999_999 })
    await dead.close()
    expect((await doctor()).findings).toMatchObject([{ Code: 'OWNER_GONE', Subject: 'sandbox owned' }])
    expect((await doctor()).status).toBe(3)
    expect(await host.cnm('repair')).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(await doctor()).toEqual({ status: 0, findings: [] })
  })
})

describe('cnm repair', () => {
  it('--dry-run prints commands that do the same when they are pasted', async () => {
    ip('link', 'del', await linkOf())
    must(['nft', 'flush', 'ruleset'], { netns: host.host })
    const { stdout } = await host.cnm('repair --dry-run')
    expect((await doctor()).status).toBe(3)
    must(['sh', '-e'], { input: stdout })
    expect(await doctor()).toEqual({ status: 0, findings: [] })
  })

  it('a run directory that was deleted: what bears our mark goes, and the networks work again', async () => {
    ip('link', 'add', 'bystander', 'type', 'bridge')
    const path = (await host.must('sandbox inspect web')).match(/"SandboxKey": "(.*)"/)?.[1] ?? ''
    await using _resident = await start(['sh', '-c', 'echo ready; exec sleep 1000'], { netns: path })
    must(['umount', path])
    must(['rm', '-r', host.run])
    const codes = (await doctor()).findings.map(({ Code }) => Code).sort()
    expect(codes).toEqual(['FORWARDING_LEFT', 'LINK_STRAY', 'LINK_STRAY', 'RULES_STRAY'])
    expect(await host.cnm('repair')).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(must(['sysctl', '-n', 'net.ipv4.conf.lan0.forwarding'], { netns: host.host }).trim()).toBe('0')
    expect(ip('-o', 'link')).not.toMatch(/br-|veth.*6516333/)
    expect(ip('-o', 'link')).toContain('bystander')
    await host.must('sandbox create --name web --network front -p 8080:80')
    expect(await doctor()).toEqual({ status: 0, findings: [] })
  })

  it('a namespace that is gone: its sandbox goes', async () => {
    const path = (await host.must('sandbox inspect web')).match(/"SandboxKey": "(.*)"/)?.[1] ?? ''
    must(['umount', path])
    expect((await doctor()).findings).toMatchObject([{ Code: 'NAMESPACE_GONE', Fix: 'cnm sandbox rm web' }])
    expect((await host.cnm('repair')).status).toBe(0)
    expect(await host.must('sandbox ls -q')).toBe('')
    expect(await doctor()).toEqual({ status: 0, findings: [] })
  })
})
