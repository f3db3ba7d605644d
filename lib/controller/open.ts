import { Controller } from './controller.ts'
import { enter, type OpenOptions } from './enter.ts'
import { Turns } from './execution/turns.ts'
import { Guard } from './guard/guard.ts'
import { recover } from './guard/recover.ts'
import { Leases } from './leases/leases.ts'
import { definePredefined } from './networks/networks.ts'

export type { OpenOptions } from './enter.ts'

/** Opens the controller of this host. `await using cnm = await open()` closes it at the end of the block. */
export async function open(options: OpenOptions = {}): Promise<Controller> {
  const { hall, close } = await enter(options)
  const turns = new Turns()
  const guard = options.guard ? new Guard(hall, turns, options.auditEvery) : undefined
  const leases = options.guard ? new Leases(hall, turns) : undefined
  const end = async () => {
    turns.close()
    // They take no turn any more, each from this moment on.
    await Promise.all([leases?.close(), guard?.close()])
    await turns.idle()
    await close()
  }
  try {
    await recover(hall)
    await definePredefined(hall)
    // What the swarm tells meanwhile has the next turn.
    await turns.take(() => hall.swarm.begin(hall, turns))
    await guard?.start()
    leases?.start()
    return new Controller(hall, turns, end)
  } catch (error) {
    await end()
    throw error
  }
}
