import { type News, together } from '../../cluster/view.ts'

/**
 * What the swarm has told, until it was acted upon. What was acted upon in part is again before all that came later, as it was: an
 * endpoint that came and went is no news, but to whom it was half of.
 */
export class Tidings {
  #begun: News | undefined
  readonly #fresh: News[]

  constructor(first: News) {
    this.#fresh = [first]
  }

  hear(news: News): void {
    this.#fresh.push(news)
  }

  /** Throws what `act` throws. */
  async settle(act: (news: News) => Promise<void>): Promise<void> {
    if (this.#begun) await act(this.#begun)
    this.#begun = together(this.#fresh.splice(0))
    await act(this.#begun)
    this.#begun = undefined
  }
}
