import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { aliveKey, hearingKey, nodeKey, RING } from '../../../../lib/cluster/keys.ts'
import { encode } from '../../../../lib/cluster/records.ts'
import { newRing } from '../../../../lib/cluster/ring.ts'
import { newNodeKey, wireguardKeyOf } from '../../../../lib/cluster/seal.ts'
import { View } from '../../../../lib/cluster/view.ts'
import type { Secrets } from '../../../../lib/controller/overlay/secrecy.ts'
import { Keyring, type KeyringOptions } from '../../../../lib/controller/swarm/keyring.ts'
import { nodeKeyIn } from '../../../../lib/controller/swarm/node-key.ts'
import type { SwarmNode } from '../../../../lib/model/swarm.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cnm-keyring-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const node = (id: string, dataPath: string, key: ReturnType<typeof newNodeKey>): SwarmNode => ({
  ...{ id, name: id, address: dataPath, dataPath, joined: id },
  publicKey: key.publicKey,
  wireguardKey: wireguardKeyOf(key).publicKey,
})

it('hands on what the swarm has: keys that this node can read, sessions and public keys of the others, of two with an address the living', async () => {
  const own = nodeKeyIn(root)
  expect(statSync(join(root, 'node.key')).mode & 0o777).toBe(0o600)
  expect(nodeKeyIn(root)).toEqual(own)
  const [other, dead] = [newNodeKey(), newNodeKey()]
  const nodes = [node('a', '10.99.0.1', own), node('b', '10.99.0.2', other), node('c', '10.99.0.2', dead)]
  const view = new View()
  let revision = 1
  const put = (key: string, value: object | string) =>
    view.apply({ revision, written: [{ key, value: typeof value === 'string' ? value : encode(value), revision: revision++ }] })
  for (const each of nodes) put(nodeKey(each.id), each)
  for (const id of ['a', 'b']) put(aliveKey(id), 'lease')
  for (const { id } of nodes) put(hearingKey(id), { session: `session of ${id}`, step: 1 })

  const notes = new Map<string, unknown>()
  const secrets: Secrets = {}
  const marks = { get: (key: string) => notes.get(key), put: (key: string, value: unknown) => void notes.set(key, value) }
  const hall = { root, secrets, store: { marks, networks: { list: () => [] } } } as unknown as KeyringOptions['hall']
  const membership = { id: 's', node: nodes[0] } as KeyringOptions['membership']
  const member = { view } as KeyringOptions['member']
  const keyring = new Keyring({ hall, membership, member, again: () => {} })
  keyring.learn()
  expect(secrets.ring).toBeNull()
  expect(Object.keys(secrets.wireguard?.peers ?? {})).toEqual(['10.99.0.2'])
  expect(Buffer.from(secrets.wireguard?.peers['10.99.0.2'] ?? []).toString('base64url')).toBe(nodes[1]?.wireguardKey)
  expect(Buffer.from(secrets.wireguard?.privateKey ?? [])).toEqual(Buffer.from(wireguardKeyOf(own).privateKey))

  put(RING, newRing('s', [other.publicKey]))
  keyring.learn()
  expect(secrets.ring).toBeNull()
  put(RING, newRing('s', [own.publicKey, other.publicKey]))
  keyring.learn()
  expect(secrets.ring).toMatchObject({ primary: 1, sessions: { '10.99.0.2': 'session of b' } })
  expect(secrets.ring?.keys.map(({ secret }) => secret.length)).toEqual([32])

  // Nothing while this node is taken for removed, and everything again when it is not any more.
  const known = { ...secrets }
  await keyring.forget()
  expect([secrets.ring, secrets.wireguard]).toEqual([null, null])
  keyring.learn()
  expect(secrets).toEqual(known)

  // Another session where the last one is spent; the next process goes on with it.
  const before = secrets.ring?.session
  secrets.renew?.()
  expect(secrets.ring?.session).not.toBe(before)
  const session = secrets.ring?.session
  keyring.close()
  expect(secrets).toEqual({})
  const next = new Keyring({ hall, membership, member, again: () => {} })
  next.learn()
  expect(secrets.ring?.session).toBe(session)
})
