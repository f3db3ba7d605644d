import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './run.ts'

/** What a shared object asks the dynamic linker for: a symbol of a library, there under a version. */
export interface Need {
  readonly library: string
  /** 'GLIBC_2.99'; absent: a library without versions. */
  readonly version?: string
}

/** A shared object that needs what no system has, made in `folder`: linked with an empty library of that name. */
export function needy(folder: string, file: string, { library, version }: Need): string {
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const linker = version === undefined ? [] : [`-Wl,--version-script=${write('versions', `${version} { wanted; };`)}`]
  const empty = write('empty.c', 'void wanted(void) {}')
  const stub = join(folder, 'stub.so')
  const shared = ['g++', '-xc', '-shared', '-fPIC', '-nostdlib']
  must([...shared, empty, '-o', stub, `-Wl,-soname=${library}`, ...linker])
  const needing = write('needing.c', 'void wanted(void); void begin(void) { wanted(); }')
  must([...shared, needing, '-xnone', stub, '-o', file])
  return file
}
