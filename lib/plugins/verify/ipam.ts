import { contains, parseAddress, parseCidr } from '../../model/address.ts'
import type { Exam } from './exam.ts'

export interface Lent {
  readonly id: string
  readonly subnet: string
  /** 'IP/PREFIX' */
  readonly gateway: string
}

const GATEWAY = { RequestAddressType: 'com.docker.network.gateway' }

/** A pool with its gateway, asked for as for a new network; null when there is none to go on with. */
export async function requestPool(exam: Exam, space: string, subnet: string): Promise<Lent | null> {
  const method = 'IpamDriver.RequestPool'
  const said = await exam.ask(method, { AddressSpace: space, Pool: subnet, SubPool: '', Options: {}, V6: false })
  if (!said) return null
  const { PoolID: id, Pool: pool } = said
  const cidr = parseCidr(String(pool))
  if (!exam.expect(typeof id === 'string' && id !== '', method, 'PoolID is text', id)) return null
  if (!exam.expect(cidr !== null, method, 'Pool is a subnet', pool)) return null
  if (subnet !== '') exam.expect(pool === subnet, method, `Pool is ${subnet}, which was asked for`, pool)
  const gateway = await requestAddress(exam, String(id), '', GATEWAY, String(pool))
  return gateway === null ? null : { id: String(id), subnet: String(pool), gateway }
}

export async function requestAddress(
  exam: Exam,
  pool: string,
  address: string,
  options: typeof GATEWAY | null,
  subnet: string,
): Promise<string | null> {
  const method = 'IpamDriver.RequestAddress'
  const said = await exam.ask(method, { PoolID: pool, Address: address, Options: options })
  if (!said) return null
  const { Address: given } = said
  const [own, whole] = [parseCidr(String(given)), parseCidr(subnet)]
  const isIn = own !== null && whole !== null && own.prefix === whole.prefix && contains(whole, own)
  if (!exam.expect(isIn, method, `Address is of ${subnet}, with the length of its prefix`, given)) return null
  if (address !== '') exam.expect(plain(String(given)) === address, method, `Address is ${address}, which was asked for`, given)
  return String(given)
}

export const plain = (cidr: string): string => cidr.replace(/\/\d+$/, '')

export async function releasePool(exam: Exam, { id, gateway }: Lent): Promise<void> {
  await exam.ask('IpamDriver.ReleaseAddress', { PoolID: id, Address: plain(gateway) })
  await exam.ask('IpamDriver.ReleasePool', { PoolID: id })
}

/** The interface IpamDriver, as a daemon uses it for one network after the other. */
export async function examineIpam(exam: Exam): Promise<void> {
  const spaces = await exam.ask('IpamDriver.GetDefaultAddressSpaces')
  if (!spaces) return
  for (const key of ['LocalDefaultAddressSpace', 'GlobalDefaultAddressSpace'])
    exam.expect(typeof spaces[key] === 'string' && spaces[key] !== '', 'IpamDriver.GetDefaultAddressSpaces', `${key} is text`, spaces[key])
  const space = String(spaces['LocalDefaultAddressSpace'])
  const first = await requestPool(exam, space, '')
  const second = await requestPool(exam, space, '')
  if (!first || !second) return
  const [one, two] = [parseCidr(first.subnet), parseCidr(second.subnet)]
  const overlap = one && two && (contains(one, two) || contains(two, one))
  exam.expect(!overlap, 'IpamDriver.RequestPool', 'two pools that are held at a time do not overlap', `${first.subnet}, ${second.subnet}`)
  exam.expect(first.id !== second.id, 'IpamDriver.RequestPool', 'two pools have two ids', second.id)
  await exam.refused(
    'IpamDriver.RequestPool',
    { AddressSpace: space, Pool: first.subnet, SubPool: '', Options: {}, V6: false },
    'a pool that is held',
    'note',
  )
  await examineAddresses(exam, first)
  await releasePool(exam, first)
  await releasePool(exam, second)
  await exam.refused(
    'IpamDriver.RequestAddress',
    { PoolID: first.id, Address: '', Options: null },
    'an address of a pool that was released',
    'wrong',
  )
  // Held again at once, as by a network that is removed and made anew.
  const again = await requestPool(exam, space, first.subnet)
  if (again) await releasePool(exam, again)
}

async function examineAddresses(exam: Exam, { id, subnet, gateway }: Lent): Promise<void> {
  const held = [gateway]
  for (let i = 0; i < 3; i++) {
    const given = await requestAddress(exam, id, '', null, subnet)
    if (given === null) return
    exam.expect(!held.includes(given), 'IpamDriver.RequestAddress', 'nobody else holds the address', given)
    held.push(given)
  }
  const last = plain(held.at(-1) ?? '')
  await exam.refused('IpamDriver.RequestAddress', { PoolID: id, Address: last, Options: null }, 'an address that is held', 'wrong')
  const outside = parseAddress('192.0.2.1')
  const whole = parseCidr(subnet)
  if (outside && whole && !contains(whole, outside))
    await exam.refused(
      'IpamDriver.RequestAddress',
      { PoolID: id, Address: '192.0.2.1', Options: null },
      'an address outside of the pool',
      'wrong',
    )
  await exam.ask('IpamDriver.ReleaseAddress', { PoolID: id, Address: last })
  await requestAddress(exam, id, last, null, subnet)
  for (const address of held.slice(1)) await exam.ask('IpamDriver.ReleaseAddress', { PoolID: id, Address: plain(address) })
  await exam.survives('IpamDriver.ReleaseAddress', { PoolID: id, Address: last }, 'an address that is free, released once more,')
}
