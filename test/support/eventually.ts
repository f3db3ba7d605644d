import { vi } from 'vitest'

/** Until `check` throws no more; in hooks too, where expect.poll() may not be. What it answered. */
export const eventually = <T>(check: () => T) => vi.waitFor(check, { timeout: 60_000, interval: 50 })
