import { expect, it } from 'vitest'
import { DOOMED } from '../support/built.ts'
import { must, run } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { Engine, portMap } from './engine.ts'

const stage = new Stage()

const Pool = '10.40.0.0/24'
const Gateway = '10.40.0.1/24'
const PoolID = `LocalDefault/${Pool}`
const ids = {
  NetworkID: '5fca37c11bd71a96422ca3d00689858a6dc12ea151050b702192cc1a369e80d8',
  EndpointID: '38d71a1d9b24f5e5f844f68d594a9dc93e02b2848dae9fd47252ded0713dc667',
}
const Options = portMap([{ Proto: 6, IP: '', Port: 80, HostIP: '', HostPort: 8080, HostPortEnd: 8080 }])

/** What an engine asks in the life of a network, and where our process is killed meanwhile. */
const LIFE: readonly (readonly [method: string, body: object, killedAt: readonly string[]])[] = [
  ['IpamDriver.RequestPool', { AddressSpace: 'LocalDefault', Pool }, ['put lentPools']],
  ['IpamDriver.RequestAddress', { PoolID, Address: '10.40.0.1', Options: { RequestAddressType: 'com.docker.network.gateway' } }, []],
  ['NetworkDriver.CreateNetwork', { ...ids, IPv4Data: [{ Pool, Gateway }] }, ['after link.add', 'commit networks.mdb']],
  ['IpamDriver.RequestAddress', { PoolID, Address: '' }, []],
  ['NetworkDriver.CreateEndpoint', { ...ids, Interface: { Address: '10.40.0.2/24' }, Options }, ['after neigh.replace', 'commit live.mdb']],
  ['NetworkDriver.Join', { ...ids, SandboxKey: '/run/docker/netns/x' }, []],
  ['NetworkDriver.ProgramExternalConnectivity', { ...ids, Options }, ['after nft']],
  ['NetworkDriver.RevokeExternalConnectivity', ids, ['after nft']],
  ['NetworkDriver.Leave', ids, []],
  ['NetworkDriver.DeleteEndpoint', ids, ['after neigh.del']],
  ['IpamDriver.ReleaseAddress', { PoolID, Address: '10.40.0.2' }, []],
  ['NetworkDriver.DeleteNetwork', ids, ['commit live.mdb']],
  ['IpamDriver.ReleasePool', { PoolID }, ['delete lentAddresses']],
]

it('killed in the middle of a request, the next one finds all as it was or as it is to be, and is asked again', async () => {
  const { lab } = stage
  for (const [method, body, killedAt] of LIFE) {
    for (const step of killedAt) {
      await stage.cnm.close()
      const { stdout, stderr } = run([process.execPath, DOOMED, lab.root, lab.run, lab.host, step, JSON.stringify([method, body])])
      expect([stdout, stderr], `${method} ${step}`).toEqual([step, ''])
      stage.cnm = await lab.open()
      expect(await stage.cnm.findings(), `${method} ${step}`).toEqual([])
    }
    const { status, said } = await new Engine(stage.cnm).ask(method, body)
    // What takes something away may have done so already.
    const done = /\.(Delete|Release|Leave|Revoke)/.test(method) && killedAt.length > 0 ? [200, 404] : [200]
    expect(done, `${method}: ${said['Err']}`).toContain(status)
    if (method.endsWith('Join')) expect(said).toMatchObject({ Gateway: '10.40.0.1', InterfaceName: { DstPrefix: 'eth' } })
    const rules = must(['nft', 'list', 'ruleset'], { netns: lab.host })
    if (method.endsWith('ExternalConnectivity')) expect(rules.includes('tcp . 8080')).toBe(method.includes('Program'))
  }
  stage.expectUntouched()
  expect(stage.cnm.sandboxes()).toEqual([])
  // Nothing of the pool is held any more.
  const { id } = await stage.cnm.createNetwork({ name: 'own', ipam: { config: [{ subnet: Pool, gateway: '10.40.0.2' }] } })
  await stage.cnm.removeNetwork(id)
}, 180_000)
