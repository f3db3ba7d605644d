import { expect } from 'vitest'
import type { Refusal } from '../../binding.d.ts'

/**
 * A kernel without a feature refuses what needs it, and says so as `saying` has it. In the kernels of test/uml and test/qemu,
 * which have them all, such a refusal is a failure.
 */
export function lacks(refusal: Refusal, saying: object): void {
  if (process.env['CNM_GUEST'] !== undefined) expect.fail(`refused where nothing is lacking: ${JSON.stringify(refusal)}`)
  expect(refusal).toMatchObject(saying)
}
