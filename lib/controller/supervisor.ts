import { sendDatagram } from '../netlink/datagram.ts'

/** How this process is, as sd_notify(3) has it. */
export type Condition = 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1'

/** Tells whoever supervises this process, systemd above all; where nobody does (NOTIFY_SOCKET), or is there no more, nothing is told. */
export function tellSupervisor(condition: Condition, { NOTIFY_SOCKET: path }: NodeJS.ProcessEnv = process.env): void {
  if (!path) return
  try {
    sendDatagram(path, condition)
  } catch (error) {
    process.emitWarning(`the supervisor at ${path} cannot be told ${condition}: ${(error as Error).message}`, { code: 'CNM_SUPERVISOR' })
  }
}

/**
 * Tells a supervisor that wants to hear so (WATCHDOG_USEC) that this process is not stuck, twice as often as it has to, until it is
 * disposed of. What it takes to say so is what it takes to answer anybody: that the event loop turns.
 */
export function feedWatchdog(env: NodeJS.ProcessEnv = process.env): Disposable {
  const { WATCHDOG_USEC: patience, WATCHDOG_PID: pid = String(process.pid) } = env
  const period = Number(patience) / 2000
  if (!(period > 0) || Number(pid) !== process.pid) return { [Symbol.dispose]: () => {} }
  const timer = setInterval(() => tellSupervisor('WATCHDOG=1', env), period)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
