import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CNM } from '../cli/host.ts'
import { must, start } from '../support/run.ts'
import { DOCKER_ENV, killDockerd, startDockerd } from './dockerd.ts'
import { Island } from './island.ts'
import { Places } from './places.ts'
import { installUnits, startSystemd } from './systemd.ts'

// A host that is started anew, and a dockerd that starts while its networks' plugin, which is ours, is not there or says nothing.

const SERVE = [process.execPath, CNM, 'serve', '--root', '/run/cnm-state', '--run', '/run/cnm']

let island: Island
let places: Places

const onHost = (...argv: string[]) => must(island.there(argv))
const serve = () => start(island.there(SERVE))

async function docker(line: string, ...more: string[]): Promise<string> {
  const { status, stdout, stderr } = await island.run(['docker', ...line.split(' '), ...more], DOCKER_ENV)
  expect([status, stderr], line).toEqual([0, ''])
  return stdout.trim()
}

async function settle(...names: string[]): Promise<void> {
  for (const name of names) {
    await expect.poll(() => docker(`inspect -f {{.State.Running}} ${name}`)).toBe('true')
    await places.settle(name, JSON.parse(await docker('inspect', '-f', '{{json .NetworkSettings}}', name)))
  }
}

/** web and api are there, reach one another by IPv4 and IPv6, and web's port is open to the LAN. */
async function expectWorking(): Promise<void> {
  await settle('web', 'api')
  // As where Docker does not close the way through the host: see docs/docker.md.
  for (const tables of ['iptables', 'ip6tables']) onHost(tables, '-P', 'FORWARD', 'ACCEPT')
  expect(await places.reach()).toMatchObject({
    'api → web on front v4 80/tcp': expect.stringMatching(/^web sees 10\.80\.1\./),
    'api → web on front v6 80/tcp': expect.stringMatching(/^web sees fd00:80:1::/),
    'api → web on front v4 icmp': 'answers',
    'web → api on front v4 80/tcp': expect.stringMatching(/^api sees 10\.80\.1\./),
  })
  expect(await places.call('lan', { web: ['tcp', '192.0.2.1', 8080] })).toEqual({ web: 'web sees 192.0.2.2' })
}

/** What a host that loses its power is left with: its disks. */
const POWER_CUT = `
  for name in dockerd containerd containerd-shim; do pkill -KILL -x $name || true; done
  pkill -KILL -f 'main[.]c?js serve' || true
  while pgrep dockerd || pgrep containerd || pgrep -f 'main[.]c?js serve'; do sleep 0.02; done >/dev/null
  awk '$5 ~ "^/run/(docker|cnm)" { print $5 }' /proc/self/mountinfo | sort -r | while read place; do umount -l "$place"; done
  rm -rf /run/docker /run/docker.sock /run/docker.pid /run/docker-exec
  for link in $(ls /sys/class/net); do case $link in lo | lan0) ;; *) ip link del "$link" ;; esac 2>/dev/null || true; done
  nft flush ruleset
  sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.lan0.forwarding=0 net.ipv6.conf.all.forwarding=0 net.ipv6.conf.lan0.forwarding=0`

/** And the next boot. `memory`: the run directory was in memory, as it should be. */
async function reboot({ memory }: { readonly memory: boolean }): Promise<void> {
  const pids = await Promise.all(['web', 'api'].map((name) => docker(`inspect -f {{.State.Pid}} ${name}`)))
  for (const name of ['web', 'api']) await places.leave(name)
  const boot = `echo ${randomUUID()} >/run/boot-id; mount --bind /run/boot-id /proc/sys/kernel/random/boot_id`
  onHost('sh', '-euc', `kill -KILL ${pids.join(' ')} || true\n${POWER_CUT}\n${memory ? 'rm -r /run/cnm' : ''}\n${boot}`)
}

beforeAll(async () => {
  island = await Island.rise()
  await serve()
  await startDockerd(island)
  places = await Places.on(island)
  await docker('network create -d cnm --ipam-driver cnm --ipv6 --subnet 10.80.1.0/24 --subnet fd00:80:1::/64 front')
  await docker('run -d --restart always --name web --network front -p 8080:80 tiny')
  await docker('run -d --restart always --name api --network front tiny')
})
afterAll(async () => {
  // All that runs there ends with it.
  await island?.[Symbol.asyncDispose]()
})

describe('the host is started anew', () => {
  it('and containers come back: we are there first, and remember nothing of before', async () => {
    await expectWorking()
    await reboot({ memory: true })
    await serve()
    await startDockerd(island)
    await expectWorking()
  })

  it('and dockerd is there first; what we remember is of another boot', async () => {
    await reboot({ memory: false })
    let missed = () => {}
    const waiting = new Promise<void>((resolve) => (missed = resolve))
    const started = startDockerd(island, { hear: (line) => line.includes('Unable to locate plugin: cnm') && missed() })
    await waiting
    await serve()
    await started
    await expectWorking()
  })
})

describe('dockerd starts', () => {
  it('while nobody is at the socket; who comes later is asked again', async () => {
    await docker('rm -f web api')
    for (const name of ['web', 'api']) await places.leave(name)
    onHost('pkill', '-KILL', '-f', 'main[.]c?js serve')
    killDockerd(island)
    expect(onHost('ls', '/run/docker/plugins')).toContain('cnm.sock')
    await startDockerd(island)
    expect(await docker('network ls --filter driver=cnm --format {{.Name}}')).toBe('front')
    await serve()
    await docker('run -d --name web --network front -p 8080:80 tiny')
    await docker('run -d --name api --network front tiny')
    await expectWorking()
  })

  it('while somebody is there who hears and says nothing, until a watchdog ends that', async () => {
    for (const name of ['web', 'api']) await places.leave(name)
    await docker('rm -f web api')
    onHost('pkill', '-KILL', '-f', 'main[.]c?js serve')
    onHost('rm', '-r', '/run/docker/plugins')
    const systemctl = await startSystemd(island)
    installUnits(island, { patience: '3s' })
    systemctl('start', 'cnm.service')
    killDockerd(island)
    systemctl('kill', '--signal=STOP', 'cnm.service')
    await startDockerd(island)
    await docker('run -d --name web --network front -p 8080:80 tiny')
    await docker('run -d --name api --network front tiny')
    await expectWorking()
  })
})
