import type { Call, Said } from '../../model/call.ts'
import { CnmError } from '../../model/errors.ts'
import type { AskOptions, Plugins } from '../../plugins/plugins.ts'
import type { Store } from '../../store/store.ts'
import { overdue, owe, settled } from './dues.ts'

/** For what is taken back, in ms: nobody waits for it, and what is not told now is told later. */
const BRIEF = 5000
/** How long a plugin that was not there, or said nothing, is not asked for such, in ms. */
const REST = 5000

/** The plugin has heard, and will not: nothing has changed there. */
const REFUSALS: readonly string[] = ['PLUGIN_REFUSED', 'PLUGIN_ERROR', 'PLUGIN_LACKS_METHOD']

export const isRefusal = (error: unknown): boolean => error instanceof CnmError && REFUSALS.includes(error.code)

/** Goes to plugins for the verbs of one controller. */
export class Envoy {
  readonly plugins: Plugins
  readonly #store: Store
  readonly #resting = new Map<string, number>()
  readonly #replayed = new Set<string>()

  constructor(plugins: Plugins, store: Store) {
    this.plugins = plugins
    this.#store = store
  }

  /** True the first time: a plugin that keeps nothing has to be told by every controller what it holds. */
  isNew(name: string): boolean {
    const known = this.#replayed.has(name)
    this.#replayed.add(name)
    return !known
  }

  ask(call: Call, options: AskOptions): Promise<Said> {
    return this.plugins.ask(call, options)
  }

  /**
   * A call that leaves the plugin with something, which `back` takes away. Refused, it has nothing; after any other failure it
   * may have, so that is taken back.
   */
  async make(call: Call, back: Call, options: AskOptions): Promise<Said> {
    this.owe(back)
    try {
      return await this.ask(call, options)
    } catch (error) {
      if (isRefusal(error)) settled(this.#store, back)
      else await this.tell(back)
      throw error
    }
  }

  /** Writes down what a plugin has of ours. */
  owe(back: Call): void {
    owe(this.#store, back)
  }

  /** Never throws, as in dockerd: what the plugin refuses is its own business, and what does not get through stays due. */
  async tell(call: Call): Promise<void> {
    const error = await this.#attempt(call, BRIEF)
    if (error) process.emitWarning(`plugin ${call.plugin}: ${error.message}`, { code: 'CNM_PLUGIN' })
  }

  /** What the plugin may have been told before, and then refuses. */
  async tellAgain(call: Call, within = BRIEF): Promise<void> {
    await this.#attempt(call, within)
  }

  async #attempt(call: Call, briefly: number): Promise<CnmError | undefined> {
    if ((this.#resting.get(call.plugin) ?? 0) > performance.now()) return undefined
    try {
      await this.ask(call, { briefly })
    } catch (error) {
      if (!(error instanceof CnmError)) throw error
      if (isRefusal(error) || error.code === 'DRIVER_BROKEN') settled(this.#store, call)
      else this.#resting.set(call.plugin, performance.now() + REST)
      return error
    }
    settled(this.#store, call)
    return undefined
  }

  /** Takes back what nobody has any more. Not in the middle of a verb, whose endpoints are not in the records yet. */
  async settle(plugin?: string, within = BRIEF): Promise<void> {
    // Who asks for it believes that the plugin is back.
    if (plugin === undefined) this.#resting.clear()
    else this.#resting.delete(plugin)
    for (const due of overdue(this.#store, plugin)) {
      const { body } = due
      // Of one that had not joined, it is refused.
      if (due.method === 'NetworkDriver.DeleteEndpoint')
        await this.tellAgain({ plugin: due.plugin, method: 'NetworkDriver.Leave', body }, within)
      await this.tellAgain(due, within)
    }
  }

  /**
   * A call of a verb that makes something, told when its steps are done, and `back` when they are taken back. As in dockerd, a
   * plugin need not know it.
   */
  async turn({ call, back }: Turn, options: AskOptions): Promise<void> {
    try {
      await this.ask(call, options)
    } catch (error) {
      if (error instanceof CnmError && error.code === 'PLUGIN_LACKS_METHOD') return
      if (!isRefusal(error)) await this.tell(back)
      throw error
    }
  }

  /** The same for a dry run, which ends where a plugin would have to act. */
  dry(stop: (call: Call) => never): Envoy {
    return new DryEnvoy(this, this.#store, stop)
  }
}

/** A call that goes with a change of the way out, and the one that takes it back. */
export interface Turn {
  readonly call: Call
  readonly back: Call
}

class DryEnvoy extends Envoy {
  readonly #real: Envoy
  readonly #stop: (call: Call) => never

  constructor(real: Envoy, store: Store, stop: (call: Call) => never) {
    super(real.plugins, store)
    this.#real = real
    this.#stop = stop
  }

  /** What a plugin was told before a plan is shown, it knows afterwards. */
  override isNew(name: string): boolean {
    return this.#real.isNew(name)
  }

  override async make(call: Call): Promise<Said> {
    return this.#stop(call)
  }

  override async settle(): Promise<void> {}
}
