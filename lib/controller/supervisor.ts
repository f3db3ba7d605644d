import { sendDatagram } from '../netlink/datagram.ts'

/** How this process is, as sd_notify(3) has it. */
export type Condition = 'READY=1' | 'STOPPING=1'

/** Tells whoever supervises this process, systemd above all; where nobody does (NOTIFY_SOCKET), or is there no more, nothing is told. */
export function tellSupervisor(condition: Condition, { NOTIFY_SOCKET: path }: NodeJS.ProcessEnv = process.env): void {
  if (!path) return
  try {
    sendDatagram(path, condition)
  } catch (error) {
    process.emitWarning(`the supervisor at ${path} cannot be told ${condition}: ${(error as Error).message}`, { code: 'CNM_SUPERVISOR' })
  }
}
