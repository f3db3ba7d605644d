import { addon } from './addon.ts'

/** An exclusive lock on an open file, until it is closed; false when somebody else has it. Never waits. */
export const tryLock = (fd: number): boolean => addon().tryLock(fd)

/** Keeps an open descriptor from the programs that this process starts. */
export const closeOnExec = (fd: number): void => addon().closeOnExec(fd)
