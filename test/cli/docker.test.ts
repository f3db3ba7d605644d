import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Controller } from '../../lib/controller/controller.ts'
import { fault } from '../../lib/model/errors.ts'
import type { Endpoint, Network, Sandbox } from '../../lib/model/network.ts'
import type { Attachment, CreateNetwork } from '../../lib/model/request.ts'
import { play } from './play.ts'

interface Host {
  readonly networks: readonly Network[]
  readonly sandboxes: readonly Sandbox[]
  readonly endpoints: readonly Endpoint[]
}
interface Answer {
  readonly argv: readonly string[]
  readonly input: string
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** What the daemon was asked for. */
  readonly asked?: object
}

const read = (name: string): string => readFileSync(new URL(`docker/${name}`, import.meta.url), 'utf8')
const { networks, sandboxes, endpoints }: Host = JSON.parse(read('host.json'))
const { version, ran }: { version: string; ran: readonly Answer[] } = JSON.parse(read('answers.json'))

let asked: object | undefined

/** What docker was shown, as a controller. */
const cnm = {
  createNetwork: async (request: CreateNetwork) => {
    asked = createBody(request)
    return { id: 'f00d' }
  },
  connect: async (sandbox: string, attachment: Attachment) => {
    asked = connectBody(sandbox, attachment)
  },
  disconnect: async () => {},
  networks: () => networks,
  network: find,
  removeNetwork: async (name: string) => find(name),
  pruneNetworks: async () => [find('web2'), find('web10')],
  guests: (id: string) =>
    endpoints
      .filter(({ networkId }) => networkId === id)
      .map((endpoint) => ({ endpoint, sandbox: sandboxes.find((sandbox) => sandbox.id === endpoint.sandboxId) })),
  // This docker does not count addresses.
  usage: async () => ({}),
  mtu: async () => undefined,
  nodesOn: () => [],
  close: async () => {},
} as unknown as Controller

function find(ref: string): Network {
  const found = networks.find(({ name, id }) => name === ref || id === ref)
  if (!found) throw fault('NETWORK_NOT_FOUND', { name: ref })
  return found
}

/** A request as the Docker Engine is asked for it. */
const createBody = (request: CreateNetwork) => ({
  Name: request.name,
  Driver: request.driver ?? 'bridge',
  Scope: request.scope ?? '',
  ...(request.enableIPv4 === undefined ? {} : { EnableIPv4: request.enableIPv4 }),
  ...(request.enableIPv6 === undefined ? {} : { EnableIPv6: request.enableIPv6 }),
  IPAM: {
    Driver: request.ipam?.driver ?? 'default',
    Options: request.ipam?.options,
    Config: request.ipam?.config?.map(({ subnet, ipRange, gateway, auxAddresses }) => ({
      Subnet: subnet,
      IPRange: ipRange,
      Gateway: gateway,
      AuxiliaryAddresses: auxAddresses,
    })),
  },
  Internal: request.internal ?? false,
  Attachable: request.attachable ?? false,
  Ingress: request.ingress ?? false,
  ConfigOnly: request.configOnly ?? false,
  ConfigFrom: request.configFrom ? { Network: request.configFrom } : null,
  Options: request.options,
  Labels: request.labels,
})

const connectBody = (sandbox: string, attachment: Attachment) => ({
  Container: sandbox,
  EndpointConfig: {
    IPAMConfig: {
      IPv4Address: attachment.ip,
      IPv6Address: attachment.ip6,
      LinkLocalIPs: attachment.linkLocal?.length ? attachment.linkLocal : undefined,
    },
    Links: attachment.links?.length ? attachment.links : null,
    Aliases: attachment.aliases,
    DriverOpts: attachment.options,
    GwPriority: attachment.gwPriority,
  },
})

const run = mkdtempSync(join(tmpdir(), 'cnm-docker-'))
beforeAll(() => {
  process.env['TZ'] = 'UTC'
  const events = read('events.jsonl').trim().split('\n')
  const ours = events.map((text) => {
    const { Action: action, Actor: actor, scope } = JSON.parse(text)
    const time = Number(/"timeNano":(\d+)000\}/.exec(text)?.[1])
    return JSON.stringify({ action, id: actor.ID, scope, attributes: actor.Attributes, time })
  })
  writeFileSync(join(run, 'events.jsonl'), `${ours.join('\n')}\n`)
})
afterAll(() => rmSync(run, { recursive: true }))

/** The sentence alone: Docker says that a daemon told it, we say the way out, or how to use the verb. */
const sentence = (stderr: string): string =>
  stderr
    .replace(/^Error response from daemon: /, '')
    .replace(/\nexit status \d+\n$/, '\n')
    .replace(/\nhint: .*\n$/, '\n')
    .replace(/\n\nUsage: [^]*$/, '\n')

const cnmOn = async ({ argv, input }: Answer) => {
  asked = undefined
  const { status, stdout, stderr } = await play(argv, { open: async () => cnm, env: { CNM_RUN: run }, input })
  return { done: status === 0, stdout, sentence: sentence(stderr) }
}

const titled = (answers: readonly Answer[]) =>
  answers.map((answer) => [answer.argv.map((word) => JSON.stringify(word)).join(' '), answer] as const)

describe(`as ${version} prints the same networks:`, () => {
  it.each(titled(ran))('%s', async (_, answer) => {
    const { status, stdout, stderr } = answer
    expect(await cnmOn(answer)).toEqual({ done: status === 0, stdout, sentence: sentence(stderr) })
  })
})

describe(`as ${version} asks for the same:`, () => {
  const requests = ran.filter(({ argv }) => argv[1] === 'create' || argv[1] === 'connect')
  it.each(titled(requests))('%s', async (_, answer) => {
    await cnmOn(answer)
    const ours = asked && JSON.parse(JSON.stringify(asked))
    if (answer.argv[1] === 'create') expect(answer.asked).toEqual(ours)
    // An endpoint has fields besides, none of which a flag sets.
    else expect(answer).toMatchObject(ours ? { asked: ours } : {})
    expect(asked === undefined).toBe(answer.asked === undefined)
  })
})
