import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const KILL = fileURLToPath(new URL('kill.mjs', import.meta.url))

it('killed at random moments, 25 times: nothing is left behind (longer: npm run soak:kill)', { timeout: 240_000 }, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [KILL, '25', '11'], { encoding: 'utf8' })
  expect({ status, stderr, rounds: JSON.parse(stdout || '{}').rounds }).toEqual({ status: 0, stderr: '', rounds: 25 })
})
