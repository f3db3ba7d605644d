import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../support/run.ts'
import { pinned, snapshot } from '../support/snapshot.ts'
import { NodeHost } from './host.ts'

let host: NodeHost
let before: Record<string, string>
const rows = async () => (await host.must('network ls --format {{.Name}}|{{.Scope}}')).split('\n')

beforeAll(async () => {
  host = new NodeHost('10.99.0.1')
  before = snapshot(host.host)
  await host.begin()
})
afterAll(async () => {
  await host?.[Symbol.asyncDispose]()
})

describe('a swarm of one node, without an engine', () => {
  it('is only shown by a dry run', async () => {
    expect((await host.cnm('--dry-run swarm init --advertise-addr under0')).status).toBe(0)
    expect(await rows()).toEqual(['bridge|local', 'host|local', 'none|local'])
    expect(host.controller.swarm()).toBeUndefined()
  })

  it('has the same networks, and no token that would lead anywhere', async () => {
    const said = await host.must('swarm init --advertise-addr under0 --default-addr-pool 10.50.0.0/16 --default-addr-pool-mask-length 26')
    expect(said).toContain('This swarm is kept on this host')
    expect(await host.must('swarm join-token')).toBe(said.split('\n\n').slice(1).join('\n\n'))
    expect(await host.must('node ls --format {{.Status}}|{{.Self}}')).toBe('Ready|true')
    expect(await host.must('network create -d overlay --attachable app')).toMatch(/^[0-9a-z]{25}$/)
    expect(await rows()).toEqual(['app|swarm', 'bridge|local', 'docker_gwbridge|local', 'host|local', 'ingress|swarm', 'none|local'])
    expect(JSON.parse(await host.must('network inspect app'))[0].IPAM.Config).toEqual([{ Subnet: '10.50.0.64/26', Gateway: '10.50.0.65' }])
  })

  it('has a declared network as it was declared, whatever numbers it has given it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cnm-lab-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'lab.yaml')
    const driver = '{ driver: overlay, attachable: true'
    writeFileSync(file, `name: shop\nnetworks: { shop: ${driver} } }\nsandboxes: { till: { networks: [shop] } }\n`)
    await host.must(`apply -f ${file}`)
    expect(await host.must(`diff -f ${file}`)).toBe('shop is as declared.')
    const vnis = { driver_opts: { 'com.docker.network.driver.overlay.vxlanid_list': 4999 } }
    writeFileSync(file, `name: shop\nnetworks: { shop: ${driver}, ${JSON.stringify(vnis).slice(1, -1)} } }\n`)
    expect((await host.cnm(`diff -f ${file}`)).stdout).toMatch(/^ {4}options: .*vxlanid_list=40\d\d -> .*vxlanid_list=4999$/m)
    writeFileSync(file, 'name: shop\n')
    await host.must(`apply --prune -f ${file}`)
  })

  it('is the same in the next process', async () => {
    await host.must('sandbox create --name web --network app')
    const address = () => host.controller.guests('app').map(({ endpoint }) => endpoint.address)
    expect(address()).toEqual(['10.50.0.66/26'])
    await host.again()
    expect(address()).toEqual(['10.50.0.66/26'])
    expect((await host.cnm('sandbox create --network name=app,ip=10.50.0.66')).stderr).toContain(
      '10.50.0.66 is held by sandbox web on network app',
    )
    await host.must('sandbox rm web')
    await host.must('sandbox create --name web --network name=app,ip=10.50.0.70,alias=www')
    const tasks = '{{range.Services.www.Tasks}}{{.Name}}|{{.EndpointIP}}{{end}}'
    expect(await host.must(`network inspect -v -f ${tasks} app`)).toBe('web|10.50.0.70')
    expect(await host.must('node ls --format {{.Endpoints}}')).toBe('1')
    await host.must('sandbox rm web')
  })

  it('goes with its networks when it is left', async () => {
    expect((await host.cnm('swarm leave')).stderr).toContain('its networks would go with it (app)')
    await host.must('--dry-run swarm leave --force')
    expect(await rows()).toContain('app|swarm')
    await host.must('swarm leave --force')
    expect(await rows()).toEqual(['bridge|local', 'host|local', 'none|local'])
    expect(host.controller.swarm()).toBeUndefined()
    await host.must('swarm init --advertise-addr under0')
    await host.must('swarm leave --force')
    expect(snapshot(host.host)).toEqual(before)
  })

  it('is the same after a reboot, but for who was on its networks', async () => {
    await host.must('swarm init --advertise-addr under0')
    await host.must('network create -d overlay --attachable app')
    await host.must('sandbox create --name web --network name=app,ip=10.0.1.70')
    await host.controller.close()
    for (const path of pinned(host.run)) run(['umount', '-l', path])
    run(['ip', 'link', 'del', 'cnm_gwbridge'], { netns: host.host })
    rmSync(host.run, { recursive: true })
    await host.begin()
    expect(await host.must('node ls --format {{.Status}}|{{.Endpoints}}')).toBe('Ready|0')
    await host.must('sandbox create --name web --network name=app,ip=10.0.1.70')
    expect(await host.must('node ls --format {{.Endpoints}}')).toBe('1')
  })
})
