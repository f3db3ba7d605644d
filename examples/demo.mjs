// npm run demo: the main job on real packets. It plays on a host of its own, made of two network namespaces (a host and a
// LAN peer that leads to the rest of the world), so nothing of this machine is touched; everything is removed at the end.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const CNM = here('../dist/cli/main.cjs')
const HTTP = here('http.mjs')
const HOST = `cnmdemo${process.pid}-host`
const LAN = `cnmdemo${process.pid}-lan`
const folder = mkdtempSync(join(tmpdir(), 'cnm-demo-'))
const env = { ...process.env, CNM_ROOT: join(folder, 'root'), CNM_RUN: join(folder, 'run') }
const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)

let failures = 0

function run(argv, netns) {
  const [command, ...args] = netns ? ['nsenter', `--net=/run/netns/${netns}`, '--', ...argv] : argv
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env })
  return { status: error ? 127 : status, text: `${stdout ?? ''}${stderr ?? ''}${error ? error.message : ''}` }
}

function must(argv, netns) {
  const { status, text } = run(argv, netns)
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${text}`)
  return text
}

const title = (text) => console.log(`\n${paint(1, text)}`)

/** Runs cnm on the demo's host, shows command and output, and checks that it ends as it should. */
function cnm(args, { fails = false, shown = args.join(' '), quiet = false, remark = fails ? 'refused, as it should be' : '' } = {}) {
  const { status, text } = run([process.execPath, CNM, ...args], HOST)
  console.log(paint(36, `$ cnm ${shown}`))
  if (!quiet && text.trim()) console.log(text.trimEnd().replace(/^/gm, '  '))
  expect(fails ? status !== 0 : status === 0, remark, text)
}

function expect(good, remark, text = '') {
  if (good && remark) console.log(paint(32, `  ✓ ${remark}`))
  if (!good) {
    failures++
    console.log(paint(31, `  ✗ ${remark || 'failed'} ${text.trim()}`))
  }
}

/** A program on the demo's host or LAN peer, shown as a person would type it. */
function on(place, argv, { remark, fails = false, shown }) {
  const { status, text } = run(argv, place)
  console.log(paint(36, `${place === HOST ? 'host' : 'lan'}$ ${shown ?? argv.join(' ')}`))
  console.log(text.trimEnd().replace(/^/gm, '  '))
  expect(fails ? status !== 0 : status === 0, remark, text)
}

const ping = (from, address, options) =>
  cnm(['sandbox', 'exec', from, 'ping', '-c', '1', '-W', '1', '-q', address], { ...options, quiet: true })
const fetchIn = (from, url, options) =>
  cnm(['sandbox', 'exec', from, process.execPath, HTTP, 'get', url], { ...options, shown: `sandbox exec ${from} http get ${url}` })
const browse = (place, url, remark) => on(place, [process.execPath, HTTP, 'get', url], { remark, shown: `http get ${url}` })

async function serveIn(sandbox, port) {
  const args = [`--net=/run/netns/${HOST}`, '--', process.execPath, CNM, 'sandbox', 'exec', sandbox]
  const child = spawn('nsenter', [...args, process.execPath, HTTP, 'serve', sandbox, String(port)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  console.log(paint(36, `$ cnm sandbox exec ${sandbox} http serve ${port} &`))
  await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  return child
}

function build() {
  for (const name of [HOST, LAN]) {
    must(['ip', 'netns', 'add', name])
    // Addresses that become valid by themselves after a second would look like something we did.
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0'], name)
  }
  must(['ip', 'link', 'add', 'lan0', 'netns', HOST, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', LAN])
  const addresses = {
    [HOST]: [['lan0', '192.0.2.1/24']],
    [LAN]: [
      ['eth0', '192.0.2.2/24'],
      ['lo', '198.51.100.1/32'],
    ],
  }
  for (const [netns, list] of Object.entries(addresses)) {
    must(['ip', 'link', 'set', 'lo', 'up'], netns)
    for (const [link, address] of list) {
      must(['ip', 'addr', 'add', address, 'dev', link], netns)
      must(['ip', 'link', 'set', link, 'up'], netns)
    }
  }
  must(['ip', 'route', 'add', 'default', 'via', '192.0.2.2'], HOST)
}

const state = () =>
  ['ip -o link', 'ip -o addr', 'ip route', 'nft list ruleset', 'sysctl -a --pattern forwarding']
    .map((line) => run(line.split(' '), HOST).text)
    .join('')

async function play() {
  const before = state()

  title('Two networks, four sandboxes')
  cnm(['network', 'create', '--subnet', '10.10.0.0/24', 'front'])
  cnm(['network', 'create', '--subnet', '10.20.0.0/24', 'back'])
  cnm(['sandbox', 'create', '--name', 'web', '--network', 'front', '--ip', '10.10.0.10', '-p', '8080:80'])
  cnm(['sandbox', 'create', '--name', 'client', '--network', 'front'])
  cnm(['sandbox', 'create', '--name', 'db', '--network', 'back', '--ip', '10.20.0.10'])
  cnm(['sandbox', 'create', '--name', 'job', '--network', 'back'])
  cnm(['network', 'ls'])
  cnm(['sandbox', 'ls'])

  title('Within a network: pings and HTTP')
  ping('client', '10.10.0.10', { remark: 'client reaches web' })
  ping('job', '10.20.0.10', { remark: 'job reaches db' })
  const servers = [await serveIn('web', 80), await serveIn('db', 80)]
  try {
    fetchIn('client', 'http://10.10.0.10/')
    fetchIn('job', 'http://10.20.0.10/')

    title('The wall between networks')
    ping('client', '10.20.0.10', { fails: true })
    fetchIn('client', 'http://10.20.0.10/', { fails: true })

    title('A published port, 8080 to web:80')
    browse(HOST, 'http://127.0.0.1:8080/', 'from the host')
    browse(LAN, 'http://192.0.2.1:8080/', 'from a peer on the LAN; its address is preserved')
    fetchIn('job', 'http://192.0.2.1:8080/')

    title('Beyond the host: masquerade (198.51.100.1 knows no way back to 10.10.0.0/24)')
    ping('client', '198.51.100.1', { remark: 'client is answered: it went out under the address of the host' })
  } finally {
    for (const server of servers) server.kill('SIGTERM')
    await Promise.all(servers.map((server) => new Promise((resolve) => server.once('close', resolve))))
  }

  title('What a command would do: --dry-run')
  cnm(['--dry-run', 'network', 'connect', 'back', 'client'])

  title('All removed')
  cnm(['sandbox', 'rm', 'web', 'client', 'db', 'job'])
  cnm(['network', 'rm', 'front', 'back'])
  cnm(['network', 'rm', 'bridge'], { fails: true })
  cnm(['network', 'ls'])
  expect(state() === before, 'links, addresses, routes, firewall and forwarding are as before')
}

try {
  build()
  await play()
} finally {
  for (const name of [HOST, LAN]) run(['ip', 'netns', 'del', name])
  rmSync(folder, { recursive: true, force: true })
}
console.log(failures === 0 ? paint(32, '\nEverything went as it should.') : paint(31, `\n${failures} failed.`))
process.exitCode = failures === 0 ? 0 : 1
