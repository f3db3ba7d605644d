import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type NodeKey, newNodeKey, nodeKeyFrom } from '../../cluster/seal.ts'
import { fault } from '../../model/errors.ts'

/** In the state directory: what is sealed for this node can be read with it. */
const FILE = 'node.key'

const pathIn = (root: string): string => join(root, FILE)

/** In place of any before. Throws STATE_UNWRITABLE. */
export function keepNodeKey(root: string, key: NodeKey): NodeKey {
  const path = pathIn(root)
  const draft = `${path}.new`
  try {
    rmSync(draft, { force: true })
    const file = openSync(draft, 'wx', 0o600)
    try {
      writeSync(file, key.privateKey)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
  } catch (error) {
    throw fault('STATE_UNWRITABLE', { path, reason: (error as Error).message }, error)
  }
  return key
}

/** The one that is there; another one where it is lost, or is none. */
export function nodeKeyIn(root: string): NodeKey {
  try {
    return nodeKeyFrom(readFileSync(pathIn(root), 'utf8'))
  } catch {
    return keepNodeKey(root, newNodeKey())
  }
}

export const forgetNodeKey = (root: string): void => rmSync(pathIn(root), { force: true })
