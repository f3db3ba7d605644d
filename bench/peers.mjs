// Other people's tools, each as a contender that attaches a running sandbox to a network, of a bridge or on a parent, and takes it
// off again. Null where one is not installed (npm run bench:peers).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { must, timed } from './harness.mjs'

/** In the bench's namespace; `input` on standard input. */
function within(bench, argv, { input, env = {} } = {}) {
  const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', bench.name, ...argv], {
    encoding: 'utf8',
    input,
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr || stdout}`)
  return stdout
}

/** A namespace to be attached, and its end. */
export function sandboxOf(bench, name) {
  const full = `${bench.name}${name}`
  must('ip', 'netns', 'add', full)
  return { path: `/run/netns/${full}`, end: () => must('ip', 'netns', 'del', full) }
}

const PLUGINS = '/usr/lib/cni'

const CNI_TYPES = {
  bridge: () => ({ bridge: 'cni0', isDefaultGateway: true }),
  macvlan: (parent) => ({ master: parent, mode: 'bridge' }),
}

/** A plugin as a container engine starts it: one process for each verb. */
export function cni(bench, sandbox, { type = 'bridge', parent } = {}) {
  if (!existsSync(`${PLUGINS}/${type}`)) return null
  const input = JSON.stringify({
    cniVersion: '1.0.0',
    name: 'bench',
    type,
    ...CNI_TYPES[type](parent),
    ipam: { type: 'host-local', subnet: '10.88.0.0/16', dataDir: join(bench.folder, 'cni') },
  })
  const env = { CNI_CONTAINERID: 'bench', CNI_NETNS: sandbox, CNI_IFNAME: 'cni0', CNI_PATH: PLUGINS }
  const verb = (command) => within(bench, [`${PLUGINS}/${type}`], { input, env: { ...env, CNI_COMMAND: command } })
  return async () => ({ up: await timed(() => verb('ADD')), down: await timed(() => verb('DEL')) })
}

const NETAVARK = '/usr/lib/podman/netavark'

export function netavark(bench, sandbox, { type = 'bridge', parent = 'podman9' } = {}) {
  if (!existsSync(NETAVARK)) return null
  const network = {
    name: 'bench',
    id: '53ce4390f2adb1681eb1a90ec8b48c49c015e0a8d336c197637e7f65e365fa9e',
    driver: type,
    network_interface: parent,
    subnets: [{ gateway: '10.87.0.1', subnet: '10.87.0.0/16' }],
    dns_enabled: false,
    internal: false,
    ipv6_enabled: false,
    ipam_options: { driver: 'host-local' },
  }
  const input = JSON.stringify({
    container_id: 'bench',
    container_name: 'bench',
    networks: { bench: { static_ips: ['10.87.0.2'], interface_name: 'pod0' } },
    network_info: { bench: network },
  })
  const verb = (command) => within(bench, [NETAVARK, '--config', bench.folder, command, sandbox], { input })
  return async () => ({ up: await timed(() => verb('setup')), down: await timed(() => verb('teardown')) })
}

/** In a mount namespace of its own, since its /sys has to be that of its network namespace, with the cgroups of the machine. */
const MOUNTS = 'mount --rbind /sys/fs/cgroup /mnt && mount -t sysfs sysfs /sys && mount --rbind /mnt /sys/fs/cgroup && umount -l /mnt'

/** As the daemon sees it, nothing of the machine's /run, and there the sockets of plugins. */
const withPlugins = (folder) => `mount -t tmpfs tmpfs /run && mkdir -p /run/docker/plugins && mount --bind ${folder} /run/docker/plugins`

/**
 * A dockerd in a namespace of its own, or in that at `path`, with a container that sleeps; null where there is none. It finds plugins
 * in `plugins`.
 */
export async function dockerd(bench, { name = 'd', path, plugins } = {}) {
  if (!existsSync('/usr/sbin/dockerd') || !existsSync('/bin/busybox')) return null
  const netns = path ? { path, end: () => {} } : sandboxOf(bench, name)
  const folder = join(bench.folder, `docker-${name}`)
  const socket = join(folder, 'docker.sock')
  mkdirSync(folder)
  const flags = [
    '--data-root',
    join(folder, 'root'),
    '--exec-root',
    join(folder, 'exec'),
    '-H',
    `unix://${socket}`,
    '--pidfile',
    join(folder, 'pid'),
  ]
  const shell = `${MOUNTS} && ${plugins ? `${withPlugins(plugins)} && ` : ''}exec dockerd ${flags.join(' ')}`
  const child = spawn('nsenter', [`--net=${netns.path}`, '--', 'unshare', '-m', 'sh', '-c', shell], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const daemon = {
    socket,
    netns: netns.path,
    call: (method, path, body) => call(socket, method, path, body),
    async end() {
      child.kill()
      await ended
      netns.end()
    },
  }
  try {
    for (let patience = 200; patience > 0; patience--) {
      await pass(50)
      if (await daemon.call('GET', '/_ping').catch(() => null)) return await withContainer(folder, daemon)
    }
    throw new Error('dockerd does not answer')
  } catch (error) {
    await daemon.end()
    throw error
  }
}

async function withContainer(folder, daemon) {
  const image = join(folder, 'image')
  mkdirSync(join(image, 'bin'), { recursive: true })
  must('cp', '/bin/busybox', join(image, 'bin', 'sleep'))
  must('tar', '-C', image, '-cf', join(folder, 'image.tar'), '.')
  must('docker', '-H', `unix://${daemon.socket}`, 'import', join(folder, 'image.tar'), 'bench:1')
  const { Id } = await daemon.call('POST', '/containers/create?name=bench', {
    Image: 'bench:1',
    Cmd: ['/bin/sleep', '100000'],
    HostConfig: { NetworkMode: 'none' },
  })
  await daemon.call('POST', `/containers/${Id}/start`)
  await daemon.call('POST', '/networks/none/disconnect', { Container: 'bench', Force: true })
  return daemon
}

function call(socketPath, method, path, body) {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, method, path: `/v1.41${path}`, headers: { 'Content-Type': 'application/json' } },
      async (answer) => {
        let text = ''
        for await (const chunk of answer) text += chunk
        if (answer.statusCode >= 400) reject(new Error(`${method} ${path}: ${text}`))
        else resolve(text.startsWith('{') ? JSON.parse(text) : text)
      },
    )
    asked.once('error', reject)
    asked.end(body && JSON.stringify(body))
  })
}
