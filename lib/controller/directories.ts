import { resolve } from 'node:path'

export interface Directories {
  /** State directory, kept over reboots. Default: CNM_ROOT, else /var/lib/cnm. */
  readonly root?: string
  /** Run directory: what is in it ends with the boot, as the links do that it speaks of. Default: CNM_RUN, else /run/cnm. */
  readonly run?: string
}

// Records name paths in the run directory; they have to lead there from any other working directory too.
export const rootOf = ({ root }: Directories): string => resolve(root ?? (process.env['CNM_ROOT'] || '/var/lib/cnm'))
export const runOf = ({ run }: Directories): string => resolve(run ?? (process.env['CNM_RUN'] || '/run/cnm'))
