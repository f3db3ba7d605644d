import { BEYOND4, BEYOND6, HOST4, HOST6, LAN4, LAN6 } from '../support/lab.ts'
import type { Island } from './island.ts'
import { Program } from './program.ts'

/** What is called: a name for it that is the same whoever made the networks, and where it is. */
export type Call = readonly [key: string, protocol: 'icmp' | 'tcp' | 'udp', address: string, port?: number]

/** What a sandbox says of itself, as Docker's inspect has it. */
export interface Settings {
  readonly SandboxKey: string
  readonly Networks: Readonly<Record<string, { readonly IPAddress: string; readonly GlobalIPv6Address: string }>>
  readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>
}

/** Everybody on an island: the host, the LAN peer, and the sandboxes. */
export class Places implements AsyncDisposable {
  readonly #island: Island
  readonly #places = new Map<string, Program>()
  readonly #settings = new Map<string, Settings>()

  private constructor(island: Island) {
    this.#island = island
  }

  static async on(island: Island): Promise<Places> {
    const places = new Places(island)
    await places.#populate('host', '/proc/1/ns/net')
    await places.#populate('lan', island.lan)
    return places
  }

  /** What a sandbox has now; somebody goes there when nobody has been yet. */
  async settle(name: string, settings: Settings): Promise<void> {
    this.#settings.set(name, settings)
    if (!this.#places.has(name)) await this.#populate(name, settings.SandboxKey)
  }

  async #populate(name: string, netns: string): Promise<void> {
    const place = new Program(this.#island, 'place.mjs', { args: [name], netns })
    this.#places.set(name, place)
    // Who answers, listens.
    await place.ask([])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#places.keys()]) await this.leave(name)
  }

  async leave(name: string): Promise<void> {
    this.#settings.delete(name)
    await this.#places.get(name)?.[Symbol.asyncDispose]()
    this.#places.delete(name)
  }

  /** Everybody calls everybody, in every way: CALLER → WHAT is answered so. */
  async reach(): Promise<Readonly<Record<string, string>>> {
    const everything = [
      ...world(),
      ...[...this.#settings].flatMap(([name, settings]) => [...direct(name, settings), ...published(name, settings)]),
    ]
    const rows = await Promise.all(
      [...this.#places].map(async ([caller, place]) => {
        const answers = await place.ask<Record<string, string>>(caller === 'host' ? [...everything, ...this.#onLoopback()] : everything)
        return Object.entries(answers).map(([key, answer]) => [`${caller} → ${key}`, answer] as const)
      }),
    )
    return Object.fromEntries(rows.flat())
  }

  /** Somebody calls: by a name for it, what is answered. */
  call(
    caller: string,
    calls: Readonly<Record<string, readonly ['tcp' | 'udp', string, number]>>,
  ): Promise<Readonly<Record<string, string>>> {
    const place = this.#places.get(caller)
    if (!place) throw new Error(`nobody is at ${caller}`)
    return place.ask(Object.entries(calls).map(([key, call]) => [key, ...call]))
  }

  #onLoopback(): readonly Call[] {
    return [...this.#settings].flatMap(([name, settings]) =>
      published(name, settings, { 'loopback v4': '127.0.0.1', 'loopback v6': '::1' }),
    )
  }
}

const world = (): readonly Call[] => [
  ['host v4 80/tcp', 'tcp', HOST4, 80],
  ['host v6 80/tcp', 'tcp', HOST6, 80],
  ['lan v4 80/tcp', 'tcp', LAN4, 80],
  ['lan v6 80/tcp', 'tcp', LAN6, 80],
  ['beyond v4 80/tcp', 'tcp', BEYOND4, 80],
  ['beyond v6 80/tcp', 'tcp', BEYOND6, 80],
]

/** At the addresses of the sandbox itself: ping, a port that is published more often than not, and one that never is. */
const direct = (name: string, { Networks }: Settings): readonly Call[] =>
  Object.entries(Networks).flatMap(([network, { IPAddress, GlobalIPv6Address }]) =>
    Object.entries({ v4: IPAddress, v6: GlobalIPv6Address }).flatMap(([family, address]): readonly Call[] => {
      const there = `${name} on ${network} ${family}`
      if (!address) return []
      return [
        [`${there} icmp`, 'icmp', address],
        [`${there} 80/tcp`, 'tcp', address, 80],
        [`${there} 81/tcp`, 'tcp', address, 81],
      ]
    }),
  )

const AT_HOST = { 'host v4': HOST4, 'host v6': HOST6 }

/** At addresses of the host. */
const published = (name: string, { Ports }: Settings, at: Readonly<Record<string, string>> = AT_HOST): readonly Call[] =>
  Object.entries(Ports).flatMap(([port, bindings]) =>
    [...new Set(bindings?.map(({ HostPort }) => HostPort))].flatMap((hostPort, index) =>
      Object.entries(at).map(
        ([where, address]): Call => [
          `${name}'s ${port} at ${where}${index ? ` #${index}` : ''}`,
          port.endsWith('tcp') ? 'tcp' : 'udp',
          address,
          Number(hostPort),
        ],
      ),
    ),
  )
