import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { eventually } from '../support/eventually.ts'
import { must } from '../support/run.ts'
import type { Island } from './island.ts'

const SYSTEMD = fileURLToPath(new URL('systemd.sh', import.meta.url))
const COMMAND = fileURLToPath(new URL('../../bin/cnm', import.meta.url))
const UNITS = fileURLToPath(new URL('../../systemd', import.meta.url))

/** For what systemd starts, and for who works on an island beside it: `cnm` is a command, and its state is there. */
export const HOST_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `/run/bin:/run/npm/bin:${process.env['PATH']}`,
  CNM_ROOT: '/run/cnm-state',
  DOCKER_CONFIG: '/run/docker-config',
}

/** Starts systemd on an island; it ends with the island. Answers with systemctl(1): what it prints. */
export async function startSystemd(island: Island): Promise<(...argv: string[]) => string> {
  const [command = '', ...argv] = island.there([SYSTEMD, island.controlGroups])
  spawn(command, argv, { stdio: 'ignore' })
  const systemctl = (...words: string[]) => must(island.there(['systemctl', ...words]))
  await eventually(() => systemctl('is-active', 'multi-user.target'))
  // What it starts has the environment that /etc/environment says otherwise.
  systemctl('set-environment', ...['PATH', 'CNM_ROOT'].map((name) => `${name}=${HOST_ENV[name]}`))
  return systemctl
}

/** The units of the package, on an island with systemd; a daemon that is stuck is found so after `patience`. */
export function installUnits(island: Island, { patience }: { readonly patience: string }): void {
  const script = `
    mkdir -p /run/bin /etc/systemd/system/cnm.service.d
    ln -s "$0" /run/bin/cnm
    cp "$1"/cnm.service "$1"/cnm.socket /etc/systemd/system/
    printf '[Service]\\nWatchdogSec=%s\\n' "$2" >/etc/systemd/system/cnm.service.d/test.conf
    systemctl daemon-reload
    systemctl enable --now cnm.socket`
  must(island.there(['sh', '-euc', script, COMMAND, UNITS, patience]))
}
