import { describe, expect, it } from 'vitest'
import { Stage } from '../support/stage.ts'
import { Client } from './client.ts'

const stage = new Stage()
const client = () => new Client(stage.cnm)

describe('who asks', () => {
  it('learns which versions there are, and is refused in others', async () => {
    const api = client()
    for (const way of ['GET /_ping', 'GET /v1.41/_ping', 'HEAD /_ping'] as const) {
      const { status, headers, text } = await api.ask(way)
      expect([status, text]).toEqual([200, way.startsWith('HEAD') ? '' : 'OK'])
      expect(headers).toMatchObject({
        'api-version': '1.54',
        'docker-experimental': 'false',
        ostype: 'linux',
        server: 'cnm/1.2.3 (linux)',
        swarm: 'inactive',
        'cache-control': 'no-cache, no-store, must-revalidate',
        'content-type': 'text/plain; charset=utf-8',
      })
    }
    expect(await api.ask('GET /v1.55/networks')).toMatchObject({
      status: 400,
      // docker(1) knows no other name for it.
      headers: { 'api-version': '1.54', 'content-type': 'application/json' },
      json: { message: 'client version 1.55 is too new. Maximum supported API version is 1.54' },
    })
    expect(await api.ask('GET /v1.23/networks')).toMatchObject({
      status: 400,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      text: 'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n',
    })
    expect(await api.ask('GET /v1.9/containers/x/logs')).toMatchObject({ status: 400, text: expect.stringContaining('is too old') })
  })

  it('is told what is there, and what only a Docker Engine has', async () => {
    const api = client()
    expect(await api.must('GET /version')).toMatchObject({
      ApiVersion: '1.54',
      MinAPIVersion: '1.24',
      Os: 'linux',
      Components: [{ Name: 'Engine' }],
    })
    const drivers = ['bridge', 'host', 'ipvlan', 'macvlan', 'null', 'overlay']
    expect(await api.must('GET /info')).toMatchObject({ Containers: 0, OSType: 'linux', Plugins: { Network: drivers } })
    expect([await api.must('GET /images/json'), await api.must('GET /volumes')]).toEqual([[], { Volumes: [], Warnings: null }])
    for (const [kind, deleted] of [
      ['containers', 'ContainersDeleted'],
      ['images', 'ImagesDeleted'],
      ['volumes', 'VolumesDeleted'],
      ['build', 'CachesDeleted'],
    ])
      expect(await api.must(`POST /${kind}/prune`)).toEqual({ [`${deleted}`]: null, SpaceReclaimed: 0 })
    for (const way of [
      'POST /containers/create',
      'POST /v1.41/images/create',
      'GET /containers/x/logs',
      'GET /swarm',
      'POST /build',
    ] as const)
      expect(await api.ask(way)).toMatchObject({
        status: 501,
        json: {
          code: 'NOT_SERVED',
          message: expect.stringMatching(/^(GET|POST) \/[\w/]+ is not supported: cnm has networks and sandboxes/),
        },
      })
    for (const way of [
      'GET /',
      'GET /nothing',
      'GET /v1.41/',
      'PUT /networks/x',
      'HEAD /networks',
      'POST /version',
      'GET /v1.99/nothing',
    ] as const)
      expect((await api.ask(way)).status, way).toBe(404)
    expect((await api.ask('GET /nothing')).json).toMatchObject({ message: 'page not found' })
    expect((await api.ask('OPTIONS /networks')).status).toBe(200)
    expect((await api.ask('GET /networks/%zz')).status).toBe(400)
  })

  it('is no page of the web', async () => {
    const answer = await client().ask('POST /networks/prune', undefined, { origin: 'http://pages.example' })
    expect(answer).toMatchObject({ status: 403, json: { message: 'a page of http://pages.example may not change networks' } })
  })
})

describe('networks', () => {
  it('are made, shown and removed in the shapes of each version', async () => {
    const api = client()
    const { json } = await api.ask('POST /v1.41/networks/create', {
      Name: 'front',
      CheckDuplicate: true,
      EnableIPv4: false,
      EnableIPv6: true,
      IPAM: {
        Driver: '',
        Options: null,
        Config: [{ Subnet: '10.9.0.0/24', AuxiliaryAddresses: { nas: '10.9.0.9' } }, { Subnet: 'fd00:9::/64' }],
      },
      Options: null,
      labels: { tier: 'web', empty: null },
      Surprise: [{}],
    })
    expect(json).toEqual({ Id: expect.stringMatching(/^[0-9a-f]{64}$/), Warning: '' })
    const { id } = stage.cnm.network('front')
    await stage.cnm.createSandbox({ name: 'web', networks: [{ network: 'front' }] })
    const guest = { Name: 'web', IPv4Address: '10.9.0.2/24', IPv6Address: 'fd00:9::2/64' }
    const facts = {
      Name: 'front',
      Id: id,
      Driver: 'bridge',
      Scope: 'local',
      EnableIPv4: true,
      EnableIPv6: true,
      Labels: { empty: '', tier: 'web' },
    }
    expect(await api.must('GET /v1.54/networks/front')).toMatchObject({
      ...facts,
      Containers: { [stage.cnm.sandbox('web').id]: guest },
      Status: { IPAM: { Subnets: { '10.9.0.0/24': { IPsInUse: 5 } } } },
    })
    expect(await api.must(`GET /v1.51/networks/${id.slice(0, 9)}`)).not.toHaveProperty('Status')
    const listed = async (version: string) =>
      ((await api.must(`GET /v${version}/networks/`)) as object[]).find((one) => 'Id' in one && one.Id === id)
    expect(await listed('1.27')).toMatchObject({ ...facts, Containers: { [stage.cnm.sandbox('web').id]: guest } })
    expect(await listed('1.41')).toMatchObject({ ...facts, Containers: {} })
    expect(await listed('1.52')).not.toHaveProperty('Containers')
    // Counters of 64 bits, with all their digits.
    expect((await api.ask('GET /networks/front')).text).toMatch(
      /"fd00:9::\/64":\{"IPsInUse":3,"DynamicIPsAvailable":18446744073709551613\}/,
    )

    expect(await api.ask('DELETE /networks/front')).toMatchObject({ status: 403, json: { code: 'NETWORK_IN_USE' } })
    await stage.cnm.removeSandbox('web')
    expect(await api.ask('DELETE /networks/front')).toMatchObject({ status: 204, text: '' })
    expect(await api.ask('DELETE /networks/front')).toMatchObject({ status: 404, json: { message: 'network front not found' } })
  })

  it('without IPv4 are for those who can ask for them', async () => {
    const api = client()
    await api.must('POST /v1.48/networks/create', { Name: 'six', EnableIPv4: false, EnableIPv6: true })
    expect(await api.must('GET /networks/six')).toMatchObject({ EnableIPv4: false, EnableIPv6: true })
  })

  it('are connected and left, live, with all that an endpoint can be told', async () => {
    const api = client()
    await api.must('POST /networks/create', { Name: 'front', IPAM: { Config: [{ Subnet: '10.9.0.0/24' }] } })
    await stage.cnm.createSandbox({ name: 'web', networks: [] })
    const settings = {
      IPAMConfig: { IPv4Address: '10.9.0.7', IPv6Address: '' },
      Aliases: ['www'],
      Links: null,
      DriverOpts: { 'com.docker.network.endpoint.ifname': 'up0' },
      GwPriority: 7,
      MacAddress: '02:00:00:00:00:07',
      EndpointID: '',
    }
    expect(await api.ask('POST /networks/front/connect', { Container: 'web', EndpointConfig: settings })).toMatchObject({
      status: 200,
      text: '',
    })
    expect(stage.cnm.seats('web')[0]?.endpoint).toMatchObject({
      address: '10.9.0.7/24',
      aliases: ['www'],
      ifname: 'up0',
      gwPriority: 7,
      mac: '02:00:00:00:00:07',
    })
    expect(await api.ask('POST /networks/front/connect', { Container: 'web' })).toMatchObject({
      status: 403,
      json: { message: 'endpoint with name web already exists in network front' },
    })
    expect(await api.ask('POST /networks/front/disconnect', { Container: 'web', Force: true })).toMatchObject({ status: 200, text: '' })
    expect(stage.cnm.seats('web')).toEqual([])
    expect(await api.ask('POST /networks/front/disconnect', { Container: 'nobody' })).toMatchObject({
      status: 404,
      json: { message: 'No such container: nobody' },
    })
  })

  it('are found by filters in both notations, and refused by bad ones', async () => {
    const api = client()
    for (const name of ['one', 'two']) await api.must('POST /networks/create', { Name: name, Labels: { [name]: 'yes', all: '' } })
    await stage.cnm.createSandbox({ networks: [{ network: 'two' }] })
    const names = async (filters: unknown) =>
      ((await api.must(`GET /networks?filters=${encodeURIComponent(JSON.stringify(filters))}`)) as { Name: string }[])
        .map(({ Name }) => Name)
        .sort()
    expect(await names({ label: { one: true, 'all=': true } })).toEqual(['one'])
    expect(await names({ label: ['all'] })).toEqual(['one', 'two'])
    expect(await names({ name: { '^t': true }, driver: [] })).toEqual(['two'])
    expect(await names({ dangling: ['true'] })).toEqual(['one'])
    expect(await names({ type: { builtin: true } })).toEqual(['bridge', 'host', 'none'])
    expect(await names(null)).toHaveLength(5)
    const refused = async (filters: string) => {
      const { status, json } = await api.ask(`GET /networks?filters=${encodeURIComponent(filters)}`)
      return [status, (json as { message: string }).message]
    }
    expect(await refused('{"colour":{"red":true}}')).toEqual([400, "invalid filter 'colour'"])
    expect(await refused('{"__proto__":{"red":true}}')).toEqual([400, "invalid filter '__proto__'"])
    expect(await refused('{"type":["x"]}')).toEqual([500, "invalid filter: 'type'='x'"])
    expect(await refused('{"dangling":["0","1"]}')).toEqual([400, 'got more than one value for filter key "dangling"'])
    for (const bad of ['{', '[]', '"name"', '{"name":"x"}', '{"name":{"x":"y"}}'])
      expect(await refused(bad), bad).toEqual([400, 'invalid filter'])

    expect(await api.ask('POST /networks/prune?filters={"name":["x"]}')).toMatchObject({ status: 400 })
    expect(await api.must('POST /networks/prune?filters={"label!":["one=yes"]}')).toEqual({ NetworksDeleted: null })
    expect(await api.must('POST /networks/prune')).toEqual({ NetworksDeleted: ['one'] })
  })

  it('that keep an address twice are refused by its name', async () => {
    const Config = [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1', AuxiliaryAddresses: { printer: '10.9.0.1' } }]
    expect(await client().ask('POST /networks/create', { Name: 'front', IPAM: { Config } })).toMatchObject({
      json: {
        message: 'failed to allocate secondary ip address (printer:10.9.0.1): Address already in use',
        remedy: expect.stringContaining('10.9.0.1 is held by'),
      },
    })
    expect(stage.cnm.networks().map(({ name }) => name)).not.toContain('front')
  })

  it('are refused with the reason, and nothing is changed', async () => {
    const api = client()
    const create = 'POST /networks/create'
    const before = stage.cnm.networks()
    const says = async (body: object | string, headers?: Record<string, string>) => {
      const { status, json } = await api.ask(create, body, headers)
      return [status, (json as { message: string }).message]
    }
    expect(await says('{"Name":')).toEqual([400, expect.stringMatching(/^invalid JSON: /)])
    expect(await says('[]')).toEqual([400, 'invalid JSON: it: Expected object'])
    expect(await says('null')).toEqual([400, 'invalid name: name is empty'])
    expect(await says({ Name: 7 })).toEqual([400, 'invalid JSON: Name: Expected string'])
    expect(await says({ Name: 'x', Internal: 'yes' })).toEqual([400, 'invalid JSON: Internal: Expected boolean'])
    expect(await says({ Name: 'x', Labels: { a: {} } })).toEqual([400, 'invalid JSON: Labels.a: Expected string'])
    expect(await says({ Name: 'x', IPAM: { Config: [{ Subnet: 4 }] } })).toEqual([
      400,
      'invalid JSON: IPAM.Config.0.Subnet: Expected string',
    ])
    expect(await says({ Name: 'bridge' })).toEqual([403, 'operation is not permitted on predefined bridge network '])
    expect(await says({ Name: 'x', Driver: 'warp' })).toEqual([404, 'could not find plugin warp in v1 plugin registry: plugin not found'])
    expect(await says({ Name: 'x', Scope: 'galaxy' })).toEqual([400, 'invalid value for Scope: galaxy'])
    expect(await says({ Name: 'x', Ingress: true })).toEqual([403, 'Ingress network can only be global scope network'])
    expect(await says('{}', { 'content-type': 'text/plain' })).toEqual([
      400,
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    ])
    expect(await says(`{"Name":"${'x'.repeat(1 << 20)}"}`)).toEqual([413, 'the body of a request has more than 1048576 bytes'])
    expect(await api.ask(create)).toMatchObject({ status: 400, json: { message: 'invalid name: name is empty' } })
    expect(await api.ask('GET /networks/bridge?verbose=perhaps')).toMatchObject({ status: 400 })
    expect(await api.ask('GET /networks/bridge?scope=swarm')).toMatchObject({ status: 404 })
    expect(stage.cnm.networks()).toEqual(before)
  })
})

describe('sandboxes', () => {
  it('stand where Docker has containers', async () => {
    const api = client()
    await api.must('POST /networks/create', { Name: 'front', IPAM: { Config: [{ Subnet: '10.9.0.0/24' }] } })
    const ports = [
      { protocol: 'tcp', hostIP: '', hostPort: 8080, port: 80 },
      { protocol: 'udp', hostIP: '127.0.0.1', hostPort: 5353, port: 53 },
    ] as const
    const db = await stage.cnm.createSandbox({ name: 'db', networks: [] })
    const web = await stage.cnm.createSandbox({ name: 'web', networks: [{ network: 'front' }], ports, labels: { app: 'shop' } })
    const [first, second] = (await api.must('GET /v1.41/containers/json?all=1')) as object[]
    expect(first).toMatchObject({
      Id: web.id,
      Names: ['/web'],
      Image: '',
      State: 'running',
      Status: expect.stringMatching(/^Up \S/),
      Ports: [
        { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
        { IP: '127.0.0.1', PrivatePort: 53, PublicPort: 5353, Type: 'udp' },
      ],
      Labels: { app: 'shop' },
      HostConfig: { NetworkMode: 'front' },
      NetworkSettings: { Networks: { front: { IPAddress: '10.9.0.2', Gateway: '10.9.0.1' } } },
    })
    expect(second).toMatchObject({ Id: db.id, Ports: [], HostConfig: { NetworkMode: 'none' } })

    const names = async (query: string) =>
      ((await api.must(`GET /containers/json?${query}`)) as { Names: string[] }[]).map(({ Names }) => Names[0])
    const filters = (wanted: object) => names(`filters=${encodeURIComponent(JSON.stringify(wanted))}`)
    expect(await filters({ name: ['^/web$'] })).toEqual(['/web'])
    expect(await filters({ network: [stage.cnm.network('front').id.slice(0, 12)] })).toEqual(['/web'])
    expect(await filters({ label: { 'app=shop': true } })).toEqual(['/web'])
    expect(await filters({ publish: ['5353/udp'] })).toEqual(['/web'])
    expect(await filters({ expose: ['50-60/udp'] })).toEqual(['/web'])
    expect(await filters({ status: ['exited'] })).toEqual([])
    expect(await filters({ before: ['web'] })).toEqual(['/db'])
    expect(await filters({ since: ['db'] })).toEqual(['/web'])
    expect(await names('limit=1')).toEqual(['/web'])
    expect(await api.ask('GET /containers/json?filters={"status":["asleep"]}')).toMatchObject({
      status: 400,
      json: { message: "invalid filter 'status=[asleep]'" },
    })
    expect(await api.ask('GET /containers/json?filters={"since":["x"]}')).toMatchObject({ status: 404 })
    for (const [key, value, message] of [
      ['is-task', 'perhaps', "invalid filter 'is-task=[perhaps]'"],
      ['exited', 'perhaps', "invalid filter 'exited=[perhaps]'"],
      ['health', 'well', 'Unrecognised filter value for health: well'],
      ['publish', 'web', 'error while looking up for publish web: not a port or a range of ports'],
      ['publish', '99999', 'error while looking up for publish 99999: not a port or a range of ports'],
      ['expose', '90-80/tcp', 'error while looking up for expose 90-80/tcp: not a port or a range of ports'],
    ] as const)
      expect(await api.ask(`GET /containers/json?filters={"${key}":["${value}"]}`), key).toMatchObject({ status: 400, json: { message } })
    expect(await api.ask('GET /containers/json?limit=many')).toMatchObject({
      status: 400,
      json: { message: 'invalid value for limit: many' },
    })

    expect(await api.must('GET /v1.41/containers/web/json')).toMatchObject({
      Id: web.id,
      Name: '/web',
      State: { Status: 'running', Running: true },
      HostConfig: { NetworkMode: 'front', PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } },
      Config: { Labels: { app: 'shop' }, ExposedPorts: { '80/tcp': {}, '53/udp': {} } },
      NetworkSettings: { SandboxKey: web.path, IPAddress: '', Networks: { front: { IPAddress: '10.9.0.2', IPPrefixLen: 24 } } },
    })
    const { NetworkSettings } = (await api.must(`GET /v1.52/containers/${web.id.slice(0, 12)}/json`)) as { NetworkSettings: object }
    expect(NetworkSettings).not.toHaveProperty('IPAddress')
    expect(await api.ask('GET /containers/nobody/json')).toMatchObject({ status: 404, json: { message: 'No such container: nobody' } })
    expect(await api.must('GET /info')).toMatchObject({ Containers: 2, ContainersRunning: 2 })

    expect(await api.ask('DELETE /containers/web?v=1&force=0')).toMatchObject({
      status: 409,
      json: { code: 'SANDBOX_RUNS', message: expect.stringContaining('"/web": container is running: stop the container') },
    })
    expect(await api.ask(`DELETE /v1.41/containers/${web.id.slice(0, 12)}?force=1`)).toMatchObject({ status: 204, text: '' })
    expect(stage.cnm.sandboxes().map(({ name }) => name)).toEqual(['db'])
    expect(await api.ask('DELETE /containers/web?force=true')).toMatchObject({ status: 404, json: { message: 'No such container: web' } })
    expect(await api.ask('POST /containers/db/stop')).toMatchObject({ status: 501 })
  })
})

describe('our own verbs', () => {
  it('are refused what they do not know, by name', async () => {
    const api = client()
    const says = async (verb: string, body: object) => ((await api.ask(`POST /cnm/v1/${verb}`, body)).json as { message: string }).message
    expect(await says('dance', {})).toBe('page not found')
    expect(await says('constructor', {})).toBe('page not found')
    expect(await says('createNetwork', {})).toBe('invalid JSON: request: Expected required property')
    expect(await says('createNetwork', { request: { name: 'x', colour: 'red' } })).toBe('invalid JSON: request.colour: Unexpected property')
    expect(await says('createSandbox', { request: { ports: [{ protocol: 'icmp', hostIP: '', hostPort: 1, port: 1 }] } })).toMatch(
      /^invalid JSON: request\.ports\.0\.protocol: /,
    )
    expect(await says('records', { more: 1 })).toBe('invalid JSON: more: Unexpected property')
    const plan = await api.must('POST /cnm/v1/createNetwork', { request: { name: 'x' }, dryRun: true })
    expect(plan).toEqual({ plan: expect.stringContaining('ip link add') })
    expect(stage.cnm.networks()).toHaveLength(3)
  })
})
