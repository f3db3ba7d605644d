import type * as Lmdb from 'lmdb'
import { fault } from '../model/errors.ts'

/**
 * LMDB, which is native code too: loaded when a store is opened, so that an import of the library never fails where only its
 * use can. Throws STORE_MISSING.
 */
export async function lmdb(): Promise<typeof Lmdb> {
  try {
    return await import('lmdb')
  } catch (error) {
    const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw fault('STORE_MISSING', { reason }, error)
  }
}
