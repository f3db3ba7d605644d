import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { must } from '../support/run.ts'
import type { Island } from './island.ts'

/** Where the daemon of an island listens, as the island sees it. */
export const DOCKER_ENV = { ...process.env, DOCKER_HOST: 'unix:///run/docker.sock', DOCKER_CONFIG: '/run/docker-config' }

/** Where it keeps its state there. */
export const DATA = '/run/docker-data'

const DAEMON = [
  'dockerd',
  '--host=unix:///run/docker.sock',
  `--data-root=${DATA}`,
  '--exec-root=/run/docker-exec',
  '--pidfile=/run/docker.pid',
  // Of a daemon of this age, what later ones do by themselves.
  '--experimental',
  '--ip6tables',
]

/** An image of one program, of no registry; a daemon that was there before has it. */
const IMAGE = `
  docker image inspect tiny >/dev/null 2>&1 && exit
  mkdir -p /run/image/bin && cp /bin/busybox /run/image/bin/sleep
  tar -C /run/image -c . | docker import --change 'CMD ["sleep", "infinity"]' - tiny`

interface Wishes {
  readonly flags?: readonly string[]
  /** Is told what it logs. */
  readonly hear?: (line: string) => void
}

/** Starts the Docker daemon on an island, with the image `tiny`; it ends with the island. */
export async function startDockerd(island: Island, { flags = [], hear = () => {} }: Wishes = {}): Promise<void> {
  const [command = '', ...argv] = island.there([...DAEMON, `--cgroup-parent=/${island.controlGroups}`, ...flags])
  const daemon = spawn(command, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: daemon.stderr }).on('line', (line) => {
      hear(line)
      if (said.push(line) && line.includes('API listen on')) resolve()
    })
    daemon.once('error', reject)
    daemon.once('close', () => reject(new Error(`dockerd ended before it was ready:\n${said.slice(-20).join('\n')}`)))
  })
  const { status, stderr } = await island.run(['sh', '-euc', IMAGE], DOCKER_ENV)
  if (status !== 0) throw new Error(`no image: ${stderr}`)
}

/** Ends it, and the containerd that it has started, as kill -9 does. Its containers go on. */
export function killDockerd(island: Island): void {
  const script = `pkill -KILL -x dockerd; pkill -KILL -x containerd
    while pgrep -x dockerd || pgrep -x containerd; do sleep 0.02; done >/dev/null
    rm -f /run/docker.pid`
  must(island.there(['sh', '-c', script]))
}
