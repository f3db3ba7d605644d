import { describe, expect, it } from 'vitest'
import { checkIpamConfig } from '../../../lib/ipam/config.ts'
import type { IpamConfig } from '../../../lib/model/request.ts'
import { refusal } from './refusal.ts'

const BOTH = { enableIPv4: true, enableIPv6: true }
const problems = (configs: readonly IpamConfig[], families = BOTH) => refusal(() => checkIpamConfig(configs, families)).message.split('\n')

describe('checkIpamConfig', () => {
  it('takes what is right', () => {
    checkIpamConfig([], BOTH)
    checkIpamConfig([{}, { subnet: '0.0.0.0/24' }, { subnet: '::/64' }, { subnet: '10.9.0.1/32' }], BOTH)
    checkIpamConfig(
      [
        { subnet: '10.0.0.0/16', ipRange: '10.0.5.0/24', gateway: '10.0.200.1', auxAddresses: { router: '10.0.0.9' } },
        { subnet: 'fd00::/64', ipRange: 'fd00::100/120', gateway: 'fd00::1' },
      ],
      BOTH,
    )
  })

  it.each<[IpamConfig, string]>([
    [{ subnet: '10.0.0.5/24' }, 'invalid subnet 10.0.0.5/24: it should be 10.0.0.0/24'],
    [{ subnet: 'ten' }, 'invalid subnet ten: invalid CIDR block notation'],
    [{ subnet: '10.0.0.0/24', ipRange: 'fd00::/120' }, 'invalid ip-range fd00::/120: parent subnet is an IPv4 block'],
    [{ subnet: 'fd00::/64', ipRange: '10.0.0.0/24' }, 'invalid ip-range 10.0.0.0/24: parent subnet is an IPv6 block'],
    [
      { subnet: '10.0.0.0/24', ipRange: '10.0.0.0/16' },
      'invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24',
    ],
    [{ subnet: '10.0.0.0/16', ipRange: '10.0.1.7/24' }, 'invalid ip-range 10.0.1.7/24: it should be 10.0.1.0/24'],
    [{ subnet: '10.0.0.0/24', ipRange: '10.0.1.0/28' }, "invalid ip-range 10.0.1.0/28: parent subnet 10.0.0.0/24 doesn't contain ip-range"],
    [{ subnet: '10.0.0.0/24', ipRange: 'x' }, 'invalid ip-range x: invalid CIDR block notation'],
    [{ subnet: '10.0.0.0/24', gateway: '10.0.1.1' }, "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address"],
    [{ subnet: '10.0.0.0/24', gateway: 'fd00::1' }, 'invalid gateway fd00::1: parent subnet is an IPv4 block'],
    [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1/24' }, 'invalid gateway 10.0.0.1/24: invalid address'],
    [
      { subnet: '10.0.0.0/24', auxAddresses: { db: '10.0.9.9' } },
      "invalid auxiliary address db: parent subnet 10.0.0.0/24 doesn't contain this address",
    ],
    [{ gateway: '10.0.0.1' }, 'every ip-range or gateway must have a corresponding subnet'],
    [{ auxAddresses: { db: '10.0.9.9' } }, 'every ip-range or gateway must have a corresponding subnet'],
  ])('refuses %o', (config, line) => {
    expect(problems([config])).toEqual(['invalid network config:', line])
  })

  it('refuses a subnet of a family that the network does not have', () => {
    const families = { enableIPv4: true, enableIPv6: false }
    expect(problems([{ subnet: 'fd00::/64' }], families)[1]).toBe('invalid subnet fd00::/64: IPv6 is not enabled on this network')
    expect(problems([{ subnet: '10.0.0.0/8' }], { enableIPv4: false, enableIPv6: true })[1]).toContain('IPv4 is not enabled')
  })

  it('tells of everything at once, a line each', () => {
    const configs = [
      { subnet: '10.0.0.1/24', gateway: '10.9.0.1', auxAddresses: { a: '10.0.0.7', b: '1.1.1.1' } },
      { subnet: 'fd00::/64', ipRange: 'fd01::/80' },
    ]
    expect(problems(configs)).toEqual([
      'invalid network config:',
      'invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24',
      "invalid gateway 10.9.0.1: parent subnet 10.0.0.0/24 doesn't contain this address",
      "invalid auxiliary address b: parent subnet 10.0.0.0/24 doesn't contain this address",
      "invalid ip-range fd01::/80: parent subnet fd00::/64 doesn't contain ip-range",
    ])
  })
})
