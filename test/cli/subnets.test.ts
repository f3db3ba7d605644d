import { describe, expect, it } from 'vitest'
import { Contradiction } from '../../lib/cli/misuse.ts'
import { groupBySubnet, type SubnetFlags } from '../../lib/cli/subnets.ts'

const group = (flags: Partial<SubnetFlags>) => groupBySubnet({ subnets: [], ranges: [], gateways: [], aux: [], ...flags })

const FOUR = '10.0.0.0/24'
const OTHER = '10.1.0.0/24'
const SIX = 'fd00::/64'

describe('grouping by subnet', () => {
  it('gives nothing for nothing', () => {
    expect(group({})).toEqual([])
  })

  it('finds the subnet of each range, gateway and auxiliary address, whatever their order', () => {
    expect(
      group({
        subnets: [FOUR, SIX],
        ranges: ['fd00::1:0/112', '10.0.0.128/25'],
        gateways: ['FD00::1', '10.0.0.254'],
        aux: [
          ['router', '10.0.0.9'],
          ['printer', 'fd00::9'],
          ['nas', '10.0.0.10'],
        ],
      }),
    ).toEqual([
      { subnet: FOUR, ipRange: '10.0.0.128/25', gateway: '10.0.0.254', auxAddresses: { router: '10.0.0.9', nas: '10.0.0.10' } },
      { subnet: SIX, ipRange: 'fd00::1:0/112', gateway: 'FD00::1', auxAddresses: { printer: 'fd00::9' } },
    ])
  })

  it('leaves a single subnet for the controller to judge', () => {
    expect(group({ subnets: ['foo'] })).toEqual([{ subnet: 'foo' }])
  })
})

describe("contradictions, in the words of Docker's command line", () => {
  it.each<[string, Partial<SubnetFlags>]>([
    ['every ip-range or gateway must have a corresponding subnet', { gateways: ['10.0.0.1'] }],
    ['every ip-range or gateway must have a corresponding subnet', { ranges: [FOUR] }],
    ['every ip-range or gateway must have a corresponding subnet', { subnets: [FOUR], gateways: ['10.0.0.1', '10.0.0.2'] }],
    ['multiple overlapping subnet configuration is not supported', { subnets: [FOUR, '10.0.0.0/25'] }],
    ['multiple overlapping subnet configuration is not supported', { subnets: ['10.0.0.0/25', FOUR] }],
    ['invalid subnet: invalid CIDR address: foo', { subnets: ['foo', FOUR] }],
    ['invalid subnet: invalid CIDR address: foo', { subnets: ['foo'], gateways: ['10.0.0.1'] }],
    ['no matching subnet for range 11.0.0.0/25', { subnets: [FOUR], ranges: ['11.0.0.0/25'] }],
    ['invalid CIDR address: 10.0.0.7', { subnets: [FOUR], ranges: ['10.0.0.7'] }],
    ['no matching subnet for gateway 11.0.0.1', { subnets: [FOUR], gateways: ['11.0.0.1'] }],
    ['no matching subnet for gateway foo', { subnets: [FOUR], gateways: ['foo'] }],
    ['no matching subnet for aux-address 1.2.3.4', { subnets: [FOUR], aux: [['a', '1.2.3.4']] }],
    [
      'cannot configure multiple gateways (10.0.0.2, 10.0.0.1) for the same subnet (10.0.0.0/24)',
      { subnets: [FOUR, OTHER], gateways: ['10.0.0.1', '10.0.0.2'] },
    ],
    [
      'cannot configure multiple ranges (10.0.0.128/25, 10.0.0.0/25) on the same subnet (10.0.0.0/24)',
      { subnets: [FOUR, OTHER], ranges: ['10.0.0.0/25', '10.0.0.128/25'] },
    ],
  ])('%s', (sentence, flags) => {
    expect(() => group(flags)).toThrow(new Contradiction(sentence))
  })
})
