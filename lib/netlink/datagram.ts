import { addon } from './addon.ts'

/** One datagram to a unix socket by its path, '@…' for an abstract one. Never waits; throws Error{errno}. */
export const sendDatagram = (path: string, text: string): void => addon().sendDatagram(path, text)
