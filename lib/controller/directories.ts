import { resolve } from 'node:path'
import { argument, pathAsked } from './arguments.ts'

export interface Directories {
  /** State directory, kept over reboots. Default: CNM_ROOT, else /var/lib/cnm. */
  readonly root?: string
  /** Run directory: what is in it ends with the boot, as the links do that it speaks of. Default: CNM_RUN, else /run/cnm. */
  readonly run?: string
}

// Records name paths in the run directory; they have to lead there from any other working directory too.
export const rootOf = ({ root }: Directories): string => resolve(given(root, 'root') ?? (process.env['CNM_ROOT'] || '/var/lib/cnm'))
export const runOf = ({ run }: Directories): string => resolve(given(run, 'run') ?? (process.env['CNM_RUN'] || '/run/cnm'))

/** Nobody means the working directory by an empty one. */
const given = (path: string | undefined, what: string): string | undefined =>
  path === undefined ? undefined : argument(pathAsked, path, what)
