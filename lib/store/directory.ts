import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** mkdir -p, with mode 0700 for what it makes. (Node's own never returns where the kernel makes no folders: /proc, /sys.) */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    if (code !== 'ENOENT' || isDirectory(dirname(path))) throw error
    makeDirectory(dirname(path))
    makeDirectory(path)
  }
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
