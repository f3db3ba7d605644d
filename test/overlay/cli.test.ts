import { afterAll, beforeAll, expect, it } from 'vitest'
import { open } from '../../lib/index.ts'
import { play } from '../cli/play.ts'
import { Hosts } from '../support/hosts.ts'
import { must } from '../support/run.ts'

let hosts: Hosts
let home: string
beforeAll(async () => {
  hosts = await Hosts.open(1)
  await hosts.network('app', 4097, ['10.0.1.0/24'])
  await hosts.sandbox(1, 's1', 'app', { ip: '10.0.1.11' })
  home = hosts.home(1, 'app')
  await hosts.at(1).cnm.close()
})
afterAll(() => hosts[Symbol.asyncDispose]())

/** `told`: a cluster has said that there is nobody else, and then something may have happened. */
async function cnm(line: string, told?: () => void) {
  const opened = async () => {
    const controller = await open(hosts.options(hosts.at(1)))
    if (told) await controller.setPeers('app', [])
    told?.()
    return controller
  }
  const { status, stdout, stderr } = await play(line.split(' '), { open: opened })
  return { status, text: (stdout + stderr).trim() }
}

const nothing = () => {}
const damage = () => {
  must(['bridge', 'fdb', 'del', MAC, 'dev', 'vxlan0'], { netns: home })
  must(['ip', 'neigh', 'replace', '10.0.1.77', 'lladdr', MAC, 'dev', 'vxlan0'], { netns: home })
}
const MAC = '02:00:00:00:00:09'

it('network peer, network verify, and the MTU in network inspect', async () => {
  expect((await cnm('network peer add app --mac 02:00:00:00:00:09')).text).toContain("'--vtep' is needed")
  const rehearsed = await cnm(`network peer add app --dry-run --vtep 10.99.0.9 --mac ${MAC} --ip 10.0.1.9`)
  expect(rehearsed.text).toContain(`neigh replace 10.0.1.9 dev vxlan0 lladdr ${MAC}`)
  const { text: id } = await cnm(`network peer add app --vtep 10.99.0.9 --mac ${MAC} --ip 10.0.1.9`)
  expect(id).toMatch(/^[0-9a-f]{64}$/)
  expect((await cnm('network peer ls app')).text.split('\n')).toEqual([
    'VTEP        MAC                 IPV4          IPV6      NODE',
    `10.99.0.9   ${MAC}   10.0.1.9/24`,
  ])
  expect(await cnm('network verify app')).toMatchObject({ status: 1, text: expect.stringContaining('nobody has told this controller') })
  expect(await cnm('network verify app', nothing)).toEqual({ status: 0, text: 'app: 1 peers, 2 rows, 0 differ' })
  expect(JSON.parse((await cnm('network verify --format json app', damage)).text)).toMatchObject({ rows: 2, differences: { length: 2 } })
  const lines = [
    `fdb ${MAC}: missing, should be 10.99.0.9`,
    `neighbour 10.0.1.77: ${MAC}, and should not be there`,
    'app: 1 peers, 2 rows, 2 differ',
  ]
  expect(await cnm('network verify app', damage)).toEqual({ status: 3, text: lines.join('\n') })
  expect(await cnm('network verify --repair app', damage)).toEqual({ status: 0, text: `${lines.join('\n')}; repaired` })
  expect(await cnm('network verify app', nothing)).toEqual({ status: 0, text: 'app: 1 peers, 2 rows, 0 differ' })
  expect(await cnm(`network peer rm app ${MAC}`)).toEqual({ status: 0, text: '' })
  expect((await cnm('network peer ls -q app')).text).toBe('')

  const [inspected] = JSON.parse((await cnm('network inspect app')).text)
  expect(inspected).toMatchObject({
    Scope: 'swarm',
    Driver: 'overlay',
    Status: { MTU: { Bytes: 1450, Derivation: '1500 of eth0 - 20 IPv4 - 8 UDP - 8 VXLAN - 14 Ethernet' } },
  })
})
