import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../support/run.ts'
import { CNM, Host } from './host.ts'

let host: Host
beforeAll(() => {
  host = new Host()
})
afterAll(() => host[Symbol.asyncDispose]())

describe('network create --reserve', () => {
  it('keeps an address for a sandbox; inspect shows it, and counts in full', async () => {
    await host.must('network create --ipv6 --subnet 10.10.0.0/24 --subnet fd00:10::/64 --reserve db=10.10.0.5 --reserve db=fd00:10::5 web')
    const text = await host.must('network inspect web')
    expect(JSON.parse(text)[0].IPAM.Config[0]).toEqual({ Subnet: '10.10.0.0/24', Gateway: '10.10.0.1', Reservations: { db: '10.10.0.5' } })
    expect(text).toContain(`
        "Status": {
            "IPAM": {
                "Subnets": {
                    "10.10.0.0/24": {
                        "IPsInUse": 4,
                        "DynamicIPsAvailable": 252
                    },
                    "fd00:10::/64": {
                        "IPsInUse": 3,
                        "DynamicIPsAvailable": 18446744073709551613
                    }
                }
            }
        }`)
    await host.must('sandbox create --network web --name db')
    expect(await host.must('sandbox inspect db')).toMatch(/"IPAddress": "10\.10\.0\.5"[^]*"GlobalIPv6Address": "fd00:10::5"/)
    await host.must('sandbox rm db')
    await host.must('network rm web')
  })

  it('needs a subnet that has the address', async () => {
    expect((await host.cnm('network create --subnet 10.10.0.0/24 --reserve db=10.11.0.5 web')).stderr).toBe(
      'no matching subnet for reserved address 10.11.0.5\n',
    )
  })

  it('counts a subnet wider than 64 bits to the end of Docker’s counter', async () => {
    await host.must('network create --ipv4=false --ipv6 --subnet fd00:10::/48 web')
    expect(await host.must('network inspect web')).toContain('"DynamicIPsAvailable": 18446744073709551615\n')
    await host.must('network rm web')
  })
})

describe('network reserve and unreserve', () => {
  it('keep and give up an address', async () => {
    const kept = async () => JSON.parse(await host.must('network inspect web'))[0].IPAM.Config[0].Reservations
    await host.must('network create --subnet 10.10.0.0/24 web')
    expect(await host.must('network reserve web db 10.10.0.7')).toBe('')
    expect(await kept()).toEqual({ db: '10.10.0.7' })
    expect(await host.must('--dry-run network unreserve web db')).toBe('# no step in the kernel')
    expect(await kept()).toEqual({ db: '10.10.0.7' })
    expect(await host.must('network unreserve web db')).toBe('')
    expect(await kept()).toBeUndefined()
    expect((await host.cnm('network unreserve web db')).stderr).toBe(
      'no address of network web is reserved for sandbox db\nhint: cnm network inspect web\n',
    )
    await host.must('network rm web')
  })
})

describe('CNM_DEFAULT_ADDRESS_POOLS', () => {
  const cnm = (pools: string, ...argv: readonly string[]) =>
    run([process.execPath, CNM, ...argv], { netns: host.host, env: { ...host.env, CNM_DEFAULT_ADDRESS_POOLS: pools } })

  it('is where automatic subnets come from', () => {
    expect(cnm('base=10.66.0.0/16,size=26', 'network', 'create', 'web').stderr).toBe('')
    expect(cnm('', 'network', 'inspect', 'web').stdout).toContain('"Subnet": "10.66.0.0/26"')
    expect(cnm('', 'network', 'rm', 'web').status).toBe(0)
  })

  it.each([
    ['10.66.0.0/16', '10.66.0.0/16 is not base=SUBNET,size=BITS, as CNM_DEFAULT_ADDRESS_POOLS has them'],
    ['base=10.66.0.0/16,size=8', '10.66.0.0/16 cannot be cut into subnets of size 8'],
  ])('%s is refused by who wants an automatic subnet, and by nobody else', (pools, reason) => {
    expect(cnm('', 'network', 'ls').status).toBe(0)
    expect(cnm(pools, 'network', 'ls').status).toBe(0)
    expect(cnm(pools, 'network', 'create', 'web')).toEqual({ status: 1, stdout: '', stderr: `invalid pool request: ${reason}\n` })
  })
})
