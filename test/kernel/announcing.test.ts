import { beforeEach, describe, expect, it } from 'vitest'
import type { Endpoint } from '../../lib/index.ts'
import { parseCidr, toBytes } from '../../lib/model/address.ts'
import { capture } from '../support/capture.ts'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()
const OPTION = 'com.docker.network.advertise_addr'
const MOVED = { 4: '10.8.0.9', 6: 'fd00:8::9' } as const
const FORMER = '02:00:00:00:00:99'
let peer: string

/** A network with somebody on it who listens, and knows the addresses of `web` from before. */
const network = async (options: Record<string, string>) => {
  const ipam = { config: [{ subnet: '10.8.0.0/24' }, { subnet: 'fd00:8::/64' }] }
  await stage.cnm.createNetwork({ name: 'net', enableIPv6: true, ipam, options: { [`${OPTION}_nmsgs`]: '1', ...options } })
  peer = (await stage.cnm.createSandbox({ name: 'peer', networks: [{ network: 'net' }] })).path
  for (const address of Object.values(MOVED))
    must(['ip', 'neigh', 'replace', address, 'lladdr', FORMER, 'dev', 'eth0', 'nud', 'stale'], { netns: peer })
}
const known = () =>
  Object.values(MOVED).map((address) => JSON.parse(must(['ip', '-j', 'neigh', 'show', address], { netns: peer }))[0].lladdr as string)
const heard = async () => {
  while (known().includes(FORMER)) await new Promise((resolve) => setTimeout(resolve, 5))
}
const web = () => stage.cnm.connect('web', { network: 'net', ip: MOVED[4], ip6: MOVED[6] })

/** The address of an endpoint, as a frame has it. */
function hexOf({ address = '', address6 = '' }: Endpoint, family: 4 | 6): string {
  const cidr = parseCidr(family === 4 ? address : address6) ?? expect.fail()
  return Buffer.from(toBytes(cidr)).toString('hex')
}

/** The addresses that are announced, until there are `count`. */
async function announced(family: 4 | 6, count: number, act: () => Promise<unknown>): Promise<readonly string[]> {
  const filter = family === 4 ? 'arp and arp[14:4] == arp[24:4]' : 'icmp6 and ip6[40] == 136'
  const frames = await capture(peer, { link: 'eth0', filter, count }, act)
  return frames.map((frame) => (family === 4 ? frame.slice(56, 64) : frame.slice(124, 156)))
}

beforeEach(async () => {
  for (const name of ['web', 'other']) await stage.cnm.createSandbox({ name, networks: [] })
})

it('whoever knew the addresses by another MAC address takes the new one', async () => {
  await network({})
  const { mac } = await web()
  // The controller waits for what is being said.
  await stage.reopen()
  expect(known()).toEqual([mac, mac])
})

it('with advertise_addr_nmsgs=0 nothing is said', async () => {
  await network({ [`${OPTION}_nmsgs`]: '0' })
  await web()
  await stage.reopen()
  expect(known()).toEqual([FORMER, FORMER])
})

describe.each([4, 6] as const)('of IPv%i', (family) => {
  it('as often as the network says', async () => {
    await network({ [`${OPTION}_nmsgs`]: '3', [`${OPTION}_ms`]: '100' })
    let own = ''
    const said = await announced(family, 3, async () => (own = hexOf(await web(), family)))
    expect(said).toEqual([own, own, own])
  })

  it('no longer than the endpoint is there', async () => {
    await network({ [`${OPTION}_nmsgs`]: '2', [`${OPTION}_ms`]: '2000' })
    const own: string[] = []
    const said = await announced(family, 3, async () => {
      own.push(hexOf(await web(), family))
      await heard()
      await stage.cnm.disconnect('web', 'net')
      own.push(hexOf(await stage.cnm.connect('web', { network: 'net' }), family))
    })
    expect(said).toEqual([own[0], own[1], own[1]])
  })

  it('nor than the controller is open', async () => {
    await network({ [`${OPTION}_nmsgs`]: '2', [`${OPTION}_ms`]: '2000' })
    const own: string[] = []
    const said = await announced(family, 3, async () => {
      own.push(hexOf(await web(), family))
      await stage.reopen()
      own.push(hexOf(await stage.cnm.connect('other', { network: 'net' }), family))
    })
    expect(said).toEqual([own[0], own[1], own[1]])
  })
})

describe('refused in the words of Docker', () => {
  it.each([
    ['nmsgs', '4', 'OPTION_OUT_OF_RANGE', `${OPTION}_nmsgs must be in the range 0 to 3`],
    ['nmsgs', '-1', 'OPTION_OUT_OF_RANGE', `${OPTION}_nmsgs must be in the range 0 to 3`],
    ['nmsgs', 'all', 'OPTION_NOT_INTEGER', `value for option ${OPTION}_nmsgs "all" must be an integer`],
    ['ms', '99', 'OPTION_OUT_OF_RANGE', `${OPTION}_ms must be in the range 100 to 2000`],
    ['ms', '2001', 'OPTION_OUT_OF_RANGE', `${OPTION}_ms must be in the range 100 to 2000`],
    ['ms', '1s', 'OPTION_NOT_INTEGER', `value for option ${OPTION}_ms "1s" must be integer milliseconds`],
  ])('%s=%s', async (name, value, code, message) => {
    await expect(stage.cnm.createNetwork({ name: 'net', options: { [`${OPTION}_${name}`]: value } })).rejects.toMatchObject({
      code,
      message,
    })
    stage.expectUntouched()
  })
})
