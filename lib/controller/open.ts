import { Controller } from './controller.ts'
import { enter, type OpenOptions } from './enter.ts'
import { Guard } from './guard.ts'
import { Leases } from './leases.ts'
import { definePredefined } from './networks.ts'
import { recover } from './recover.ts'
import { Turns } from './turns.ts'

export type { OpenOptions } from './enter.ts'

/** Opens the controller of this host. `await using cnm = await open()` closes it at the end of the block. */
export async function open(options: OpenOptions = {}): Promise<Controller> {
  const { hall, close } = await enter(options)
  const turns = new Turns()
  const guard = options.guard ? new Guard(hall, turns) : undefined
  const leases = options.guard ? new Leases(hall, turns) : undefined
  const end = async () => {
    await leases?.close()
    await guard?.close()
    await close()
  }
  try {
    await recover(hall)
    await definePredefined(hall)
    await guard?.start()
    leases?.start()
    return new Controller(hall, turns, end)
  } catch (error) {
    await end()
    throw error
  }
}
