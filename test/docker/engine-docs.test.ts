import { expect, it } from 'vitest'
import { CNM } from '../cli/host.ts'
import { Authority } from '../support/certificates.ts'
import { Island } from './island.ts'
import { commandsIn } from './page.ts'

const BLOCKS = commandsIn('engine.md')

/** One who waits until the daemon answers, and ends it at last. */
const operator = (lines: readonly string[]): string => `
  set -euo pipefail
  ${lines.map((line) => (line.endsWith('&') ? `${line}\nuntil [ -S /run/cnm/cnm.sock ]; do sleep 0.05; done` : line)).join('\n')}
  kill $!
  wait`

it('docs/engine.md: an operator gets along with what it says', async () => {
  await using island = await Island.rise()
  const there = (text: string) => text.replaceAll('/etc/cnm', '/run/etc')
  expect(
    (await island.run(['sh', '-c', `mkdir /run/bin && ln -s ${CNM} /run/bin/cnm && ln -s /usr/bin/docker /run/bin/docker`])).status,
  ).toBe(0)
  const authority = new Authority(`/proc/${island.pid}/root/run/made`)
  const places = ['server', 'client'].map((name) => authority.issue(name).folder.replace(/^\/proc\/\d+\/root/, ''))
  await island.run(['sh', '-c', `mkdir /run/etc && mv ${places[0]} /run/etc/tls && mv ${places[1]} /run/etc/tls-client`])
  const env = { ...process.env, PATH: `/run/bin:${process.env['PATH']}`, CNM_ROOT: '/run/cnm-state', DOCKER_CONFIG: '/run/docker-config' }
  const said: string[] = []
  for (const lines of BLOCKS) {
    const { status, stdout, stderr } = await island.run(['bash', '-c', operator(lines.map(there))], env)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    said.push(stdout)
  }
  expect(said).toHaveLength(2)
  expect(said[0]).toMatch(/db[^]*"IPv4Address": "10\.10\.0\.7\/24"/)
  expect(said[1]).toContain('front')
})
