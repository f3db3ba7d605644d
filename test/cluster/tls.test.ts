import { afterAll, beforeAll, expect, it } from 'vitest'
import { Authority, type Certificates } from '../support/certificates.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { NodeHost } from './host.ts'

let authority: Authority
let stranger: Authority
let etcd: EtcdCluster
let hosts: NodeHost[]

const at = (index: number): NodeHost => hosts[index] as NodeHost
const files = ({ ca, cert, key }: Certificates) => `--engine-ca ${ca} --engine-cert ${cert} --engine-key ${key}`

beforeAll(async () => {
  authority = new Authority()
  stranger = new Authority()
  etcd = await EtcdCluster.start([{ netns: '', host: '127.0.0.1' }], authority.issue('server'))
  hosts = [new NodeHost('10.99.0.1'), new NodeHost('10.99.0.2')]
  for (const host of hosts) await host.begin()
})
afterAll(async () => {
  for (const host of hosts ?? []) await host[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
  authority?.[Symbol.dispose]()
  stranger?.[Symbol.dispose]()
})

it('etcd lets in whom its CA has signed for, and a token is for the swarm of one CA', async () => {
  const [one, two, foreign] = [authority.issue('one'), authority.issue('two'), stranger.issue('foreign')]
  const init = (more: string) => at(0).cnm(`swarm init --advertise-addr under0 ${more}`.trim())
  const engine = `--engine ${etcd.engine()}`
  expect((await init(`${engine} ${files({ ...one, key: '/nowhere' })}`)).stderr).toMatch(
    /cannot use the certificates of the engine: .*\/nowhere/,
  )
  // A certificate of another CA; a CA that has not signed for etcd.
  expect((await init(`${engine} ${files({ ...foreign, ca: one.ca })}`)).stderr).toMatch(
    /cannot be reached \(127\.0\.0\.1:\d+: .*(alert|certificate)/,
  )
  expect((await init(`${engine} ${files({ ...one, ca: foreign.ca })}`)).stderr).toMatch(
    /cannot be reached \(127\.0\.0\.1:\d+: unable to verify|self.signed/,
  )
  const said = await init(`${engine} ${files(one)}`)
  expect(said).toMatchObject({ status: 0, stdout: expect.stringContaining(`${files(one)} ${etcd.engine()}`) })
  const token = await at(0).must('swarm join-token -q')
  const join = (certificates: Certificates, with_ = token) =>
    at(1).cnm(`swarm join --token ${with_} --advertise-addr under0 ${files(certificates)} ${etcd.engine()}`)
  const other = await at(0).must('swarm join-token -q --rotate')
  expect((await join(two)).stderr).toContain('A valid join token is necessary')
  expect(await join(two, other)).toMatchObject({ status: 0 })
  expect(await at(1).must('node ls --format {{.Status}}')).toBe('Ready\nReady')
  await at(1).must('swarm leave')
  const misled = other.replace(/-1-(.)/, (_, digit: string) => `-1-${digit === '0' ? '1' : '0'}`)
  expect((await join(two, misled)).stderr).toContain('remote CA does not match fingerprint')
  await at(0).must('swarm leave')
})
