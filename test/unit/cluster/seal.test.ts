import { describe, expect, it } from 'vitest'
import { newNodeKey, nodeKeyFrom, seal, unseal, wireguardKeyOf } from '../../../lib/cluster/seal.ts'

const secret = Buffer.from('the secret of all of them, 32 by')
const [ours, theirs] = [newNodeKey(), newNodeKey()]

describe('a secret that is sealed for a node', () => {
  const sealed = seal(secret, ours.publicKey, 'key 1') ?? ''

  it('can be read by that node, also when it has read its key from a file, and by nobody else', () => {
    expect(unseal(sealed, ours, 'key 1')).toEqual(secret)
    expect(unseal(sealed, nodeKeyFrom(ours.privateKey), 'key 1')).toEqual(secret)
    expect(unseal(sealed, theirs, 'key 1')).toBeNull()
    expect(unseal(sealed, { ...theirs, publicKey: ours.publicKey }, 'key 1')).toBeNull()
  })

  it('is not taken for another one, nor read when a bit of it was changed', () => {
    expect(unseal(sealed, ours, 'key 2')).toBeNull()
    const bytes = Buffer.from(sealed, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(unseal(changed.toString('base64url'), ours, 'key 1'), `byte ${at}`).toBeNull()
    }
    for (const nothing of ['', 'AA', bytes.subarray(0, 40).toString('base64url')]) expect(unseal(nothing, ours, 'key 1')).toBeNull()
  })

  it('looks different each time, and does not have the secret in it', () => {
    expect(seal(secret, ours.publicKey, 'key 1')).not.toBe(sealed)
    expect(Buffer.from(sealed, 'base64url').includes(secret.subarray(0, 8))).toBe(false)
  })

  it('needs a key that is one', () => {
    const zero = Buffer.alloc(32).toString('base64url')
    for (const none of ['', 'x', zero]) expect(seal(secret, none, 'key 1')).toBeNull()
    expect(() => nodeKeyFrom('')).toThrow()
  })
})

it('a node has another key for WireGuard, always the same', () => {
  const key = wireguardKeyOf(ours)
  expect(key.privateKey).toHaveLength(32)
  expect(Buffer.from(key.publicKey, 'base64url')).toHaveLength(32)
  expect(wireguardKeyOf(nodeKeyFrom(ours.privateKey))).toEqual(key)
  expect(wireguardKeyOf(theirs).publicKey).not.toBe(key.publicKey)
  expect(key.publicKey).not.toBe(ours.publicKey)
})
