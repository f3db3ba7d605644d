import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { run } from '../support/run.ts'

const SOAK = fileURLToPath(new URL('soak.mjs', import.meta.url))

it('eight workers for four seconds leave nothing behind (longer: npm run soak)', () => {
  const { status, stdout, stderr } = run([process.execPath, SOAK, '4', '8'])
  expect({ status, stderr, left: JSON.parse(stdout || '{}').left }).toEqual({ status: 0, stderr: '', left: 0 })
})
