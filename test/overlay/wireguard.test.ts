import { expect, it } from 'vitest'
import { CnmError } from '../../lib/index.ts'
import { Hosts } from '../support/hosts.ts'

/** A kernel that has it is asked in the tier of qemu. */
it('a kernel without WireGuard refuses a network that it is to encrypt, and says so', async () => {
  await using hosts = await Hosts.open(1)
  const refusal: unknown = await hosts.network('app', 4097, ['10.0.1.0/24'], { options: { encrypted: 'wireguard' } }).then(
    () => null,
    (error) => error,
  )
  const names = hosts
    .at(1)
    .cnm.networks()
    .map(({ name }) => name)
  if (!(refusal instanceof CnmError)) return expect(names).toContain('app')
  expect(refusal).toMatchObject({ code: 'WIREGUARD_ABSENT', remedy: expect.stringContaining('modprobe wireguard') })
  expect(names).not.toContain('app')
})
