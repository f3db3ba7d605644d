import { Controller } from './controller.ts'
import { enter, type OpenOptions } from './enter.ts'
import { definePredefined } from './networks.ts'
import { recover } from './recover.ts'
import { Turns } from './turns.ts'

export type { OpenOptions } from './enter.ts'

/** Opens the controller of this host. `await using cnm = await open()` closes it at the end of the block. */
export async function open(options: OpenOptions = {}): Promise<Controller> {
  const { hall, close } = await enter(options)
  try {
    await recover(hall)
    await definePredefined(hall)
    return new Controller(hall, new Turns(), close)
  } catch (error) {
    await close()
    throw error
  }
}
