import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must, start } from './run.ts'

/** Descriptors of this process that are sockets. */
export function sockets(): readonly string[] {
  const link = (fd: string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  }
  return readdirSync('/proc/self/fd').filter((fd) => link(fd).startsWith('socket:'))
}

/** Room for what is said of one request, but not for 64 refusals. */
const BYTES = '6000'

function build(): { readonly program: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'cnm-starve-'))
  const program = join(folder, 'starve')
  must(['cc', '-o', program, new URL('starve.c', import.meta.url).pathname])
  return { program, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

/** Gives a socket of this process so small a receive buffer that the kernel has to drop answers, and fills it once. */
export function starve(fd: string): void {
  using built = build()
  must([built.program, String(process.pid), fd, BYTES])
}

/** The same, and fills it again and again until it is disposed of. */
export async function flood(fd: string): Promise<AsyncDisposable> {
  using built = build()
  return await start([built.program, String(process.pid), fd, BYTES, 'flood'])
}
