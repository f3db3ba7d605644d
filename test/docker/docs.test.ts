import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { startDockerd } from './dockerd.ts'
import { Island } from './island.ts'
import { commandsIn } from './page.ts'
import { HOST_ENV, startSystemd } from './systemd.ts'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** As the page has it, on an island: of no registry, with a LAN link of another name, and with a Docker before 27. */
const there = (line: string): string =>
  line
    .replace(/(npm install .*)libcnm/, `$1${PACKAGE}`)
    .replace('parent=eth0', 'parent=lan0')
    .replace(/^(ip6tables .*)DOCKER-USER/, '$1FORWARD')

/** A web server that is called as a well-known one. */
const IMAGE = `
  mkdir -p /run/nginx/bin /run/nginx/www && cp /bin/busybox /run/nginx/bin/httpd && echo welcome >/run/nginx/www/index.html
  tar -C /run/nginx -c . | docker import --change 'CMD ["httpd", "-f", "-p", "80", "-h", "/www"]' - nginx`

/** They end with 3 where something is not as it should be: dockerd's own rules are not. */
const FINDS = ['cnm doctor', 'cnm repair']

it('docs/docker.md: an operator gets along with what it says, and nothing is left', async () => {
  await using island = await Island.rise()
  await startSystemd(island)
  await startDockerd(island)
  const env = { ...HOST_ENV, npm_config_prefix: '/run/npm', npm_config_offline: 'true', npm_config_cache: '/run/npm-cache' }
  const shell = (line: string) => island.run(['bash', '-euo', 'pipefail', '-c', line], env)
  expect((await shell(IMAGE)).status).toBe(0)
  const links = () => must(island.there(['ip', '-br', 'link'])).replaceAll(/[@ ].*/g, '')
  const before = links()
  const said = new Map<string, string>()
  for (const line of commandsIn('docker.md').flat()) {
    const { status, stdout, stderr } = await shell(there(line))
    const isRight = status === 0 || (FINDS.includes(line) && status === 3)
    expect({ line, said: isRight ? '' : stdout + stderr }).toEqual({ line, said: '' })
    said.set(line, stdout)
    if (line.startsWith('docker network create -d cnm --ipam-driver cnm --ipv6')) expect(links()).toContain('br-front')
    if (line.startsWith('docker run')) await expect.poll(async () => (await shell('curl -s 127.0.0.1:8080')).stdout).toBe('welcome\n')
  }
  expect(said.size).toBeGreaterThan(25)
  expect(said.get('cnm network ls')).toMatch(/front +bridge[^]*lan +macvlan/)
  expect(said.get('cnm plugin verify cnm')).not.toContain('wrong')
  expect(said.get('cnm explain web internet')).toMatch(/^link br-front +pass/m)
  expect(said.get('cnm doctor')).toContain('chain ip filter FORWARD')
  await expect.poll(links).toBe(before)
  expect(must(island.there(['ls', '/run/docker/plugins']))).toBe('')
}, 180_000)
