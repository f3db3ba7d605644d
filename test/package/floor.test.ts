import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Need, needy } from '../support/elf.ts'
import { run } from '../support/run.ts'

const FLOOR = fileURLToPath(new URL('../../scripts/prebuild/floor.mjs', import.meta.url))
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-floor-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const floor = (need: Need) => run([process.execPath, FLOOR, needy(folder, join(folder, 'addon.node'), need)])

describe('the floor of a prebuilt addon', () => {
  it.each([
    { library: 'libc.so.6', version: 'GLIBC_2.28' },
    { library: 'libc.so.6', version: 'GLIBC_2.2.5' },
    { library: 'libstdc++.so.6', version: 'GLIBCXX_3.4.9' },
  ])('lets $version pass', (need) => {
    expect(floor(need)).toMatchObject({ status: 0, stderr: expect.stringContaining(need.version) })
  })

  it.each([
    { library: 'libc.so.6', version: 'GLIBC_2.29' },
    { library: 'libc.so.6', version: 'GLIBC_2.100' },
    { library: 'libstdc++.so.6', version: 'GLIBCXX_3.4.30' },
    { library: 'libstdc++.so.6', version: 'CXXABI_1.3.13' },
    { library: 'libm.so.6', version: 'OTHER_1.0' },
  ])('refuses $version', (need) => {
    expect(floor(need)).toMatchObject({ status: 1, stderr: expect.stringContaining(`wanted of ${need.version}: newer than`) })
  })

  it('refuses a library that not every system has, and a symbol that nobody owns', () => {
    const { status, stderr } = floor({ library: 'libnl-3.so.200' })
    expect(status).toBe(1)
    expect(stderr).toContain('libnl-3.so.200: not on every system')
    expect(stderr).toContain('wanted: found nowhere')
  })
})
