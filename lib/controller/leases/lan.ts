import type { Lan } from '../../ipam/dhcp/lan.ts'
import { sinceBoot } from '../../ipam/quarantine.ts'
import { CnmError, fault } from '../../model/errors.ts'
import type { Netns } from '../../netlink/namespace.ts'
import { openWire } from '../../netlink/packets.ts'
import { linkAt } from '../networks/links.ts'

/** The LANs that this host is on, for a DHCP client to speak on. */
export const lanOf = (host: Netns): Lan => ({
  clock: sinceBoot,
  async macOf(link) {
    const found = await linkAt(host, link)
    if (!found) throw fault('DHCP_DEAF', { link, reason: 'there is no such link' })
    return found.mac
  },
  async talk(link, heard, body) {
    const inbox = new Inbox()
    try {
      const wire = await openWire(host, link, heard, inbox)
      try {
        return await body({ send: wire.send, heard: (ms) => inbox.next(ms) })
      } finally {
        wire.close()
      }
    } catch (error) {
      throw error instanceof CnmError ? error : fault('DHCP_DEAF', { link, reason: (error as Error).message }, error)
    }
  },
})

/** What was heard and not yet asked for. */
class Inbox {
  readonly #frames: Uint8Array[] = []
  #failure: Error | undefined
  #wake: () => void = () => {}

  readonly hear = (frame: Uint8Array): void => {
    this.#frames.push(frame)
    this.#wake()
  }

  readonly lost = (reason: Error): void => {
    this.#failure = reason
    this.#wake()
  }

  async next(ms: number): Promise<Uint8Array | null> {
    if (this.#frames.length === 0 && !this.#failure) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timer = setTimeout(resolve, ms)
      })
      clearTimeout(timer)
    }
    const frame = this.#frames.shift()
    if (!frame && this.#failure) throw this.#failure
    return frame ?? null
  }
}
