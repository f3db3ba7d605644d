import type { Monitor, News, RulesetChange } from '../../binding.d.ts'
import { abortable, newJob } from './kernel.ts'
import { type Netns, subscribe } from './namespace.ts'

/** Transactions of nftables that were told of; `lost` when there were some that the kernel had no room to tell of. */
export interface RulesetNews {
  readonly transactions: readonly RulesetChange[]
  readonly lost: boolean
}

const BUFFER = 4 << 20

/**
 * Who changes the ruleset of a namespace from now on, ours included. Ends when `netns` is closed, and by `signal`, whose
 * reason is thrown. The process waits for it, as for a socket.
 */
export async function* rulesetChanges(netns: Netns, signal: AbortSignal): AsyncGenerator<RulesetNews, void, undefined> {
  signal.throwIfAborted()
  const subscription = await subscribe(netns, ['ruleset'], BUFFER)
  let waiting: Promise<unknown> = Promise.resolve()
  try {
    for (;;) {
      signal.throwIfAborted()
      const news = next(subscription)
      waiting = news.promise.catch(() => {})
      const told = await abortable(news.promise, news.job, signal)
      if (!told) return
      yield { transactions: told.transactions, lost: told.overrun }
    }
  } finally {
    await waiting
    subscription.close()
  }
}

function next(subscription: Monitor): { readonly promise: Promise<News | null>; readonly job: number } {
  const job = newJob()
  return { promise: subscription.next(job), job }
}
