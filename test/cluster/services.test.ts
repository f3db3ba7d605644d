import { request } from 'node:http'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EtcdCluster } from '../support/etcd.ts'
import { eventually } from '../support/eventually.ts'
import { Daemon } from './daemon.ts'
import { Fleet } from './fleet.ts'

interface Inspected {
  readonly Peers?: readonly object[]
  readonly Services?: Record<string, { readonly Tasks: readonly { readonly Name: string; readonly Info: Record<string, string> }[] }>
}

/** What the Engine API of a daemon says of a network. */
async function api({ run }: Daemon, path: string): Promise<Inspected> {
  const answer = await new Promise<NodeJS.ReadableStream>((resolve, reject) =>
    request({ socketPath: join(run, 'cnm.sock'), path }, resolve)
      .once('error', reject)
      .end(),
  )
  let text = ''
  for await (const chunk of answer) text += chunk
  return JSON.parse(text)
}

/** Who is a task of what, and where. */
const tasksIn = ({ Services = {} }: Inspected) =>
  Object.entries(Services).map(([name, { Tasks }]) => `${name}: ${Tasks.map(({ Name, Info }) => `${Name}@${Info['Host IP']}`).join(' ')}`)

it('services of a network have tasks on all nodes, seen from each of them, and those of a dead node are gone', async () => {
  await using fleet = new Fleet(3, Daemon)
  await using etcd = await EtcdCluster.start(fleet.nodes)
  await Promise.all(fleet.nodes.map((node) => node.start()))
  const [first, second, third] = fleet.nodes as [Daemon, Daemon, Daemon]
  const inspect = async (node: Daemon): Promise<Inspected> => JSON.parse(await node.must('network inspect -v app'))[0]
  const said = await first.must(`swarm init --engine ${etcd.engine()} --advertise-addr ${first.host} --dispatcher-heartbeat 1s`)
  const join_ = /cnm (swarm join .*)/.exec(said)?.[1] ?? ''
  for (const node of [second, third]) await node.must(`${join_} --advertise-addr ${node.host}`)
  await first.must('network create -d overlay --attachable app')
  for (const [n, node] of fleet.nodes.entries()) {
    await eventually(() => node.must('network exists app'))
    await node.must(`sandbox create --name web${n} --network name=app,alias=www,alias=web${n}.example`)
  }
  await first.must('sandbox create --name nameless --network app')

  const all = [
    ': nameless@10.99.0.1',
    'web0.example: web0@10.99.0.1',
    'web1.example: web1@10.99.0.2',
    'web2.example: web2@10.99.0.3',
    'www: web0@10.99.0.1 web1@10.99.0.2 web2@10.99.0.3',
  ]
  for (const node of fleet.nodes) {
    await eventually(async () => expect(tasksIn(await inspect(node))).toEqual(all))
    expect(tasksIn(await api(node, '/networks/app?verbose=true'))).toEqual(all)
  }
  const endpoints = await first.ask((cnm) => cnm.guests('app').map(({ endpoint }) => [endpoint.id, endpoint.address?.replace('/24', '')]))
  const { Services = {}, Peers } = await api(second, '/networks/app?verbose=1')
  expect(Services['www']).toEqual({
    VIP: '',
    Ports: [],
    LocalLBIndex: 0,
    Tasks: [
      expect.objectContaining({ EndpointID: endpoints[0]?.[0], EndpointIP: endpoints[0]?.[1] }),
      expect.anything(),
      expect.anything(),
    ],
  })
  expect(Peers).toHaveLength(3)
  expect((await second.ask((cnm) => cnm.services('app'))).map(({ name }) => name)).toEqual([
    '',
    ...all.slice(1).map((line) => line.replace(/:.*/, '')),
  ])

  // Docker says nothing of them unless it is asked, and of a network of one host not even then.
  for (const path of ['/networks/app', '/networks/app?verbose=false', '/networks/bridge?verbose=true'])
    expect(await api(first, path)).not.toHaveProperty('Services')
  expect(await first.must('network inspect -f {{.Services}} app bridge')).toBe('map[]\nmap[]')
  const create = (aliases: readonly string[]) =>
    first.ask((cnm) => cnm.createSandbox({ name: 'refused', networks: [{ network: 'app', aliases }] }))
  for (const alias of ['', 'two words', '-x', 'x'.repeat(254), 'ü'])
    await expect(create([alias])).rejects.toThrow(`invalid endpoint settings:\ninvalid alias: "${alias}": only`)
  await expect(create(Array.from({ length: 65 }, (_, n) => `a${n}`))).rejects.toThrow('65 aliases: at most 64 are allowed')
  expect(tasksIn(await inspect(third))).toEqual(all)

  await third.kill()
  const left = [all[0], all[1], all[2], 'www: web0@10.99.0.1 web1@10.99.0.2']
  for (const node of [first, second]) await eventually(async () => expect(tasksIn(await inspect(node))).toEqual(left))
  await third.start()
  for (const node of fleet.nodes) await eventually(async () => expect(tasksIn(await inspect(node))).toEqual(all))
  await second.must('sandbox rm web1')
  for (const node of fleet.nodes)
    await eventually(async () =>
      expect(tasksIn(await inspect(node))).toEqual([all[0], all[1], all[3], 'www: web0@10.99.0.1 web2@10.99.0.3']),
    )
})
