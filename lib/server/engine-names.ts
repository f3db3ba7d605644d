import { type IncomingMessage, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Controller } from '../controller/controller.ts'
import { shortId } from '../model/ids.ts'

/** How long to wait for an engine that is not there, in ms. */
const REST = 2000

const texts = Type.Record(Type.String(), Type.String())
const Ipam = Type.Object({
  Driver: Type.String(),
  Config: Type.Union([Type.Array(Type.Object({ Subnet: Type.Optional(Type.String()) })), Type.Null()]),
})
const Networks = Type.Array(Type.Object({ Id: Type.String(), IPAM: Ipam }))
const Network = Type.Object({
  Name: Type.String(),
  IPAM: Ipam,
  Labels: Type.Union([texts, Type.Null()]),
  Containers: Type.Record(Type.String(), Type.Unknown()),
})
const Container = Type.Object({
  Name: Type.String(),
  Config: Type.Object({ Labels: Type.Union([texts, Type.Null()]) }),
  NetworkSettings: Type.Object({
    Networks: Type.Record(
      Type.String(),
      Type.Object({ EndpointID: Type.String(), Aliases: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])) }),
    ),
  }),
})
const Happened = Type.Object({ Action: Type.String(), Actor: Type.Object({ ID: Type.String(), Attributes: texts }) })

/** IPAM drivers of the engine's own: what they lend is not ours. */
const ITS_OWN: readonly string[] = ['default', 'null']

/**
 * Learns from a Docker engine what it calls the networks and containers that it has of us, and which subnets its networks have: when
 * it is met, and when something happens to a network. Beside its requests, never within one: an engine that is asked while it asks may wait for itself.
 */
export class EngineNames implements AsyncDisposable {
  readonly #cnm: Controller
  readonly #socket: string
  readonly #end = new AbortController()
  readonly #watch: Promise<void>

  /** `socket` is where the engine has its API. It need not be there yet. */
  constructor(cnm: Controller, socket: string) {
    this.#cnm = cnm
    this.#socket = socket
    this.#watch = this.#meet()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#watch
  }

  async #meet(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#listen().catch(() => {})
      await pause(REST, undefined, { ref: false, signal: this.#end.signal }).catch(() => {})
    }
  }

  async #listen(): Promise<void> {
    const lent = this.#cnm.lentPools
    const events = await this.#get('/events?filters=%7B%22type%22%3A%5B%22network%22%5D%7D')
    try {
      const listed: Static<typeof Networks> = await this.#ask('/networks', Networks)
      const addressed = listed.map(({ IPAM }) => IPAM).filter(({ Driver }) => !ITS_OWN.includes(Driver))
      const subnets = addressed.flatMap(subnetsOf)
      // A network of which it does not say that may have any.
      if (addressed.every((ipam) => subnetsOf(ipam).length > 0) && !subnets.some(isAny)) await this.#cnm.subnetsOfEngine({ subnets, lent })
      for (const { Id } of listed) if (this.#isOurs(Id)) await this.#unlessGone(() => this.#learn(Id))
      for await (const line of linesOf(events)) {
        const said: unknown = JSON.parse(line)
        if (Value.Check(Happened, said)) await this.#heed(said)
      }
    } finally {
      // An engine goes on telling whoever keeps the connection.
      events.destroy()
    }
  }

  /** Of a network that is old, only who is new is asked after. */
  async #heed({ Action, Actor }: Static<typeof Happened>): Promise<void> {
    const { container } = Actor.Attributes
    if (Action === 'create') await this.#unlessGone(() => this.#learn(Actor.ID, { isNew: true }))
    if (Action === 'connect' && container && this.#isOurs(Actor.ID)) await this.#unlessGone(() => this.#learnContainer(container))
  }

  #isOurs(id: string): boolean {
    return this.#cnm.networks().some(({ id: own, engine, engineId }) => engineId === id || (own === id && engine))
  }

  async #learn(id: string, { isNew = false } = {}): Promise<void> {
    const { Name, Labels, Containers, IPAM } = await this.#ask(`/networks/${id}`, Network)
    if (isNew) await this.#cnm.subnetsOfEngine({ subnets: subnetsOf(IPAM) })
    if (!this.#isOurs(id)) return
    await this.#cnm.nameOfEngine({ network: id, name: Name, labels: Labels ?? {} })
    for (const container of Object.keys(Containers)) await this.#unlessGone(() => this.#learnContainer(container))
  }

  async #learnContainer(id: string): Promise<void> {
    const { Name, Config, NetworkSettings } = await this.#ask(`/containers/${id}/json`, Container)
    const [name, labels] = [Name.replace(/^\//, ''), Config.Labels ?? {}]
    for (const { EndpointID: endpoint, Aliases } of Object.values(NetworkSettings.Networks)) {
      // Older engines count the container's short id among them.
      const aliases = (Aliases ?? []).filter((alias) => alias !== shortId(id))
      await this.#cnm.nameOfEngine({ endpoint, name, labels, aliases })
    }
  }

  /** What is gone meanwhile is no reason to hear no more. */
  async #unlessGone(work: () => Promise<void>): Promise<void> {
    await work().catch(() => this.#end.signal.throwIfAborted())
  }

  async #ask<S extends TSchema>(path: string, schema: S): Promise<Static<S>> {
    const text = (await (await this.#get(path)).setEncoding('utf8').toArray()).join('')
    return Value.Decode(schema, JSON.parse(text))
  }

  #get(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.#socket, path, agent: false, signal: this.#end.signal }
      request(options, (reply) => (reply.statusCode === 200 ? resolve(reply) : reject(new Error(`${path}: ${reply.statusCode}`))))
        .once('error', reject)
        .end()
    })
  }
}

const isAny = (subnet: string): boolean => /^(0\.0\.0\.0|::)\//.test(subnet)

const subnetsOf = ({ Config }: Static<typeof Ipam>): readonly string[] =>
  (Config ?? []).flatMap(({ Subnet = '' }) => (Subnet === '' ? [] : [Subnet]))

async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
  }
}
