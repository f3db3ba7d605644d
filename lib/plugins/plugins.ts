import { setTimeout as pause } from 'node:timers/promises'
import type { Call, Said } from '../model/call.ts'
import { CnmError, fault } from '../model/errors.ts'
import { list, object, optional, type Shape, text } from '../model/shape.ts'
import { named, read, understand } from './answer.ts'
import { PluginClient } from './client.ts'
import { findPlugin, type Places, placesIn } from './discovery.ts'
import { type IpamCapabilities, readIpamCapabilities, readSpaces } from './ipam.ts'
import { type NetworkCapabilities, readCapabilities } from './network-answers.ts'

export interface PluginsOptions {
  /** Where they are looked for. Default: as dockerd, CNM_PLUGIN_DIR in place of /run/docker/plugins. */
  readonly places?: Places
  /** Milliseconds: the most that one call may take, and how long one that does not get through is made again. Default: 30,000. */
  readonly patience?: number
}

export const PATIENCE = 30_000

export interface AskOptions {
  readonly signal?: AbortSignal
  /** Milliseconds for one attempt, and no second one: for what may as well be said later. */
  readonly briefly?: number
  /** It was there once: it is waited for. */
  readonly expected?: boolean
}

/** What a plugin said of itself. */
export interface Activated {
  readonly client: PluginClient
  readonly implements: readonly string[]
  /** Absent: it is no network driver. */
  readonly network?: NetworkCapabilities
  /** Absent: it is no IPAM driver. */
  readonly ipam?: IpamCapabilities & { readonly spaces: { readonly local: string; readonly global: string } }
}

/**
 * Other people's plugins, found and activated by the first who asks for them, as by dockerd; once for as long as this
 * object lives.
 */
export class Plugins {
  readonly places: Places
  readonly #patience: number
  readonly #activated = new Map<string, Activated>()

  constructor({ places, patience = PATIENCE }: PluginsOptions = {}) {
    this.places = places ?? placesIn(process.env)
    this.#patience = patience
  }

  /** Throws PLUGIN_NOT_FOUND at once, unless it is expected: a name may be mistyped. */
  async get(name: string, options: AskOptions = {}): Promise<Activated> {
    return this.#again(() => this.#reach(name, options), options, options.expected ? AWAY : UNREACHABLE)
  }

  /**
   * Asks once and again while nobody is there, after 1, 2, 4, … s, for as long as dockerd does. Throws PLUGIN_UNREACHABLE,
   * PLUGIN_SILENT, PLUGIN_NOT_FOUND; what understand() throws; the reason of `signal`.
   */
  async ask({ plugin, method, body }: Call, options: AskOptions = {}): Promise<Said> {
    return this.#again(async () => {
      const { client } = await this.#reach(plugin, options)
      return this.#send(client, { plugin, method, ...(body ? { body } : {}) }, options)
    }, options)
  }

  async #reach(name: string, options: AskOptions): Promise<Activated> {
    const known = this.#activated.get(name)
    if (known) return known
    const activated = await this.#activate(name, new PluginClient(findPlugin(name, this.places)), options)
    this.#activated.set(name, activated)
    return activated
  }

  async #send(
    client: PluginClient,
    { plugin, method, body }: Call,
    { signal, briefly: timeout = this.#patience }: AskOptions,
  ): Promise<Said> {
    return understand({ plugin, method }, await client.send(method, body, { timeout, ...(signal ? { signal } : {}) }))
  }

  /** Never inside of itself: that would be twice as long. */
  async #again<T>(work: () => Promise<T>, { signal, briefly }: AskOptions, away = AWAY): Promise<T> {
    const began = performance.now()
    for (let delay = 1000; ; delay = Math.min(2 * delay, 30_000)) {
      try {
        return await work()
      } catch (error) {
        const isAway = error instanceof CnmError && away.includes(error.code)
        if (!isAway || briefly !== undefined || performance.now() - began + delay >= this.#patience) throw error
      }
      await pause(delay, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted())
    }
  }

  /** In dockerd's order. */
  async #activate(plugin: string, client: PluginClient, options: AskOptions): Promise<Activated> {
    const ask = async <T>(method: string, reader: (asked: { plugin: string; method: string }, said: Said) => T): Promise<T> =>
      reader({ plugin, method }, await this.#send(client, { plugin, method }, options))
    const implemented = await ask('Plugin.Activate', (asked, said) => read(asked, activation, said))
    const network = implemented.includes('NetworkDriver') ? await ask('NetworkDriver.GetCapabilities', readCapabilities) : undefined
    if (!implemented.includes('IpamDriver')) return { client, implements: implemented, ...(network ? { network } : {}) }
    // Those of before Docker 1.9 do not know the question.
    const needs = await ask('IpamDriver.GetCapabilities', readIpamCapabilities).catch((error) => {
      if (error instanceof CnmError && LEGACY.includes(error.code)) return NEEDS_NOTHING
      throw error
    })
    const ipam = { ...needs, spaces: await ask('IpamDriver.GetDefaultAddressSpaces', readSpaces) }
    return { client, implements: implemented, ipam, ...(network ? { network } : {}) }
  }
}

/** Nobody is there, but may be in a moment. */
const UNREACHABLE: readonly string[] = ['PLUGIN_UNREACHABLE']
const AWAY: readonly string[] = [...UNREACHABLE, 'PLUGIN_NOT_FOUND']
const LEGACY: readonly string[] = ['PLUGIN_REFUSED', 'PLUGIN_LACKS_METHOD']
const NEEDS_NOTHING: IpamCapabilities = { requiresMACAddress: false, requiresRequestReplay: false }

const activation: Shape<readonly string[]> = (value, at) =>
  named(['Implements'], object<{ readonly Implements?: readonly string[] }>({ Implements: optional(list(text)) }))(value, at).Implements ??
  []

/** The half of a plugin that is asked for. Throws PLUGIN_LACKS. */
export function halfOf<H extends 'network' | 'ipam'>(name: string, activated: Activated, half: H): NonNullable<Activated[H]> {
  const found = activated[half]
  if (!found)
    throw fault('PLUGIN_LACKS', {
      name,
      wanted: half === 'network' ? 'NetworkDriver' : 'IpamDriver',
      known: activated.implements.join(', ') || 'nothing',
    })
  return found as NonNullable<Activated[H]>
}
