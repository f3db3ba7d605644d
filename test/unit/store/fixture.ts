import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { CnmError } from '../../../lib/model/errors.ts'
import type { Endpoint, Network, Sandbox } from '../../../lib/model/network.ts'
import * as descriptor from '../../../lib/netlink/descriptor.ts'
import { openStore, type Store, type StoreOptions } from '../../../lib/store/store.ts'

/** Two directories that end with the test. */
export function directories(): { readonly root: string; readonly run: string } {
  const folder = mkdtempSync(join(tmpdir(), 'cnm-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return { root: join(folder, 'var/lib/cnm'), run: join(folder, 'run/cnm') }
}

/** A store with the real lock; closed with the test, if not before. */
export async function opened(options: Pick<StoreOptions, 'root' | 'run'> & Partial<StoreOptions> = directories()): Promise<Store> {
  const store = await openStore({ descriptor, wait: 0, ...options })
  onTestFinished(() => store.close())
  return store
}

/** The error that a promise is rejected with. */
export async function rejection(work: Promise<unknown>): Promise<CnmError> {
  const error = await work.then(
    () => new Error('nothing was refused'),
    (reason) => reason,
  )
  if (error instanceof CnmError) return error
  throw error
}

export const network = (id: string): Network => ({
  id,
  name: `net-${id}`,
  driver: 'bridge',
  scope: 'local',
  created: '2026-01-01T00:00:00.000Z',
  internal: false,
  attachable: true,
  enableIPv4: true,
  enableIPv6: false,
  labels: { tier: 'back' },
  options: {},
  ipam: { driver: 'default', options: {} },
  pools: [
    { family: 4, id: 'LocalDefault/10.0.0.0/24', subnet: '10.0.0.0/24', gateway: '10.0.0.1/24', aux: { db: '10.0.0.9' } },
    { family: 6, id: 'LocalDefault/fd00::/64', subnet: 'fd00::/64', range: 'fd00::/80', aux: {} },
  ],
})

export const sandbox = (id: string): Sandbox => ({
  id,
  name: `box-${id}`,
  kind: 'own',
  path: `/run/cnm/netns/${id}`,
  created: '2026-01-01T00:00:00.000Z',
  labels: {},
  ports: [{ protocol: 'tcp', hostIP: '', hostPort: 8080, port: 80 }],
  owner: { pid: 17, started: '4711' },
})

export const endpoint = (id: string): Endpoint => ({
  id,
  networkId: 'n',
  sandboxId: 's',
  aliases: ['db'],
  options: {},
  gwPriority: -1,
  mac: '02:00:00:00:00:01',
  address: '10.0.0.2/24',
  requested: { address: '10.0.0.2' },
  ifname: 'eth0',
  gateway: '10.0.0.1',
  gateway6: '',
})
