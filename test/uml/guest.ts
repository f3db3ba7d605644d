import { strict as assert } from 'node:assert'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../support/run.ts'
import { scenario } from './harness.ts'

scenario("this machine's files can be read and not changed", () => {
  for (const folder of [process.cwd(), '/etc', '/tmp', '/usr/bin']) {
    assert.notEqual(readdirSync(folder).length, 0)
    assert.throws(() => writeFileSync(join(folder, 'from-the-guest'), ''), { code: 'EROFS' })
  }
  writeFileSync(join(mkdtempSync(join(tmpdir(), 'guest-')), 'file'), '')
})

scenario('it has a kernel of its own, and its own links', () => {
  assert.match(must(['uname', '-r']), /^6\.1/)
  assert.deepEqual(
    JSON.parse(must(['ip', '-j', 'link'])).map(({ ifname }: { ifname: string }) => ifname),
    ['lo'],
  )
})
