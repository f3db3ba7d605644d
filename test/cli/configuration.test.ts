import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { Host } from './host.ts'

let host: Host
beforeAll(() => {
  host = new Host()
})
afterAll(() => host[Symbol.asyncDispose]())

const inspect = async (name: string) => JSON.parse(await host.must(`network inspect ${name}`))[0]

describe('a configuration', () => {
  it('is a record; networks made after it have what it says', async () => {
    const before = snapshot(host.host)
    await host.must(
      'network create --config-only --ipv6 --subnet 10.60.0.0/24 --gateway 10.60.0.254 --ip-range 10.60.0.64/26 --aux-address nas=10.60.0.9' +
        ' --reserve db=10.60.0.5' +
        ' --subnet fd00:60::/64 --label tier=back -o com.docker.network.bridge.name=br-plan -o com.docker.network.driver.mtu=1400 plan',
    )
    expect(snapshot(host.host)).toEqual(before)
    await host.must('network reserve plan web 10.60.0.7')
    const configuration = await inspect('plan')
    expect(configuration).toMatchObject({ Driver: 'null', Scope: 'local', ConfigOnly: true, ConfigFrom: { Network: '' } })

    await host.must('network create --config-from plan --internal back')
    const { Id, Name, Created, Driver, Internal, ConfigOnly, ConfigFrom, IPAM, Status, ...copied } = await inspect('back')
    expect({ Driver, Internal, ConfigOnly, ConfigFrom }).toEqual({
      Driver: 'bridge',
      Internal: true,
      ConfigOnly: false,
      ConfigFrom: { Network: 'plan' },
    })
    expect(configuration).toMatchObject(copied)
    expect(IPAM.Config).toEqual([
      {
        Subnet: '10.60.0.0/24',
        IPRange: '10.60.0.64/26',
        Gateway: '10.60.0.254',
        AuxiliaryAddresses: { nas: '10.60.0.9' },
        Reservations: { db: '10.60.0.5', web: '10.60.0.7' },
      },
      { Subnet: 'fd00:60::/64', Gateway: 'fd00:60::1' },
    ])
    expect(must(['ip', '-o', 'link', 'show', 'br-plan'], { netns: host.host })).toContain('mtu 1400')
    expect(must(['ip', '-o', 'addr', 'show', 'br-plan'], { netns: host.host })).toContain('10.60.0.254/24')

    expect(await host.cnm('network rm plan')).toMatchObject({
      status: 1,
      stderr: 'configuration network "plan" is in use\nhint: made after it: back\n',
    })
    await host.must('network rm back plan')
    expect(snapshot(host.host)).toEqual(before)
  })

  it('reserves no address that it has given to somebody', async () => {
    const base = 'network create --config-only --subnet 10.62.0.0/24 --gateway 10.62.0.1 --aux-address nas=10.62.0.9'
    const held = (address: string, holder: string) => ({
      status: 1,
      stdout: '',
      stderr: `Address already in use\nhint: ${address} is held by ${holder}\n`,
    })
    expect(await host.cnm(`${base} --reserve db=10.62.0.1 plan`)).toEqual(held('10.62.0.1', 'the gateway'))
    expect(await host.cnm(`${base} --reserve db=10.62.0.9 plan`)).toEqual(held('10.62.0.9', 'the auxiliary address nas'))
    await host.must(`${base} --reserve db=10.62.0.5 plan`)
    expect(await host.cnm('network reserve plan web 10.62.0.5')).toEqual(held('10.62.0.5', 'the reservation for sandbox db'))
    expect(await host.cnm('network reserve plan web 10.62.0.1')).toEqual(held('10.62.0.1', 'the gateway'))
    await host.must('network reserve plan db 10.62.0.6')
    await host.must('network rm plan')
  })

  it('is nothing to connect to', async () => {
    await host.must('network create --config-only --subnet 10.61.0.0/24 plan')
    await host.must('sandbox create --name loner --network none')
    await host.must('network disconnect none loner')
    for (const line of ['network connect plan loner', 'sandbox create --network plan'])
      expect((await host.cnm(line)).stderr).toBe(
        'cannot create endpoint on configuration-only network\nhint: cnm network create --config-from plan NAME\n',
      )
    await host.must('sandbox rm loner')
    await host.must('network rm plan')
  })

  it.each([
    [
      '--config-only --internal',
      'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
    ],
    ['--config-only --config-from y', 'a configuration network cannot depend on another configuration network'],
    ['--config-from nope', 'configuration network "nope" does not exist\nhint: cnm network create --config-only nope'],
    [
      '--config-from bridge --label a=b',
      'user-specified configurations are not supported if the network depends on a configuration network',
    ],
    [
      '--config-from bridge --subnet 10.62.0.0/24',
      'user-specified configurations are not supported if the network depends on a configuration network',
    ],
    [
      '--config-from bridge -o com.docker.network.driver.mtu=1400',
      'network driver options are not supported if the network depends on a configuration network',
    ],
    ['--config-only --subnet 10.62.0.1/24', 'invalid network config:\ninvalid subnet 10.62.0.1/24: it should be 10.62.0.0/24'],
    ['--ingress', 'Ingress network can only be global scope network'],
  ])('network create %s x', async (flags, stderr) => {
    expect(await host.cnm(`network create ${flags} x`)).toEqual({ status: 1, stdout: '', stderr: `${stderr}\n` })
  })
})

describe('network connect', () => {
  it('--link-local-ip gives the link one more address, --link and --alias are recorded', async () => {
    await host.must('network create --ipv6 front')
    await host.must('sandbox create --name web --network none')
    await host.must('network disconnect none web')
    await host.must(
      'network connect --link-local-ip 169.254.7.7 --link-local-ip fe80::7 --link db:store --link cache --alias www front web',
    )
    const netns = await host.must(['sandbox', 'inspect', '-f', '{{.NetworkSettings.SandboxKey}}', 'web'])
    const addresses = must(['ip', '-o', 'addr', 'show', 'eth0'], { netns })
    expect(addresses).toContain('inet 169.254.7.7/16')
    expect(addresses).toContain('inet6 fe80::7/64')
    const [{ NetworkSettings }] = JSON.parse(await host.must('sandbox inspect web'))
    expect(NetworkSettings.Networks.front).toMatchObject({
      IPAMConfig: { LinkLocalIPs: ['169.254.7.7', 'fe80::7'] },
      Links: ['db:store', 'cache'],
      Aliases: ['www'],
    })
    expect(await host.must(['sandbox', 'inspect', '-f', '{{.Name}} {{.NetworkSettings.Networks.front.Links}}', 'web'])).toBe(
      'web [db:store cache]',
    )
    await host.must('network disconnect -f front web')
    expect((await host.cnm('network connect --link-local-ip 10.0.0.1 front web')).stderr).toBe(
      'invalid endpoint settings:\ninvalid link-local IP address: 10.0.0.1\n',
    )
    expect((await host.cnm('network connect --link-local-ip fe80::7,FE80:0::7 front web')).stderr).toBe(
      'invalid endpoint settings:\nlink-local IP address is specified multiple times: FE80:0::7\n',
    )
    await host.must('sandbox rm web')
    await host.must('network rm front')
  })
})
