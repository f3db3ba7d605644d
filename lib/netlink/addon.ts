import loaded from '#addon'
import type * as Binding from '../../binding.d.ts'
import { type CnmError, fault } from '../model/errors.ts'

/** The version of binding.d.ts that this library is written for. */
const ABI = 6

/** The native part. Throws ADDON_MISSING or UNSUPPORTED_PLATFORM, each time it is asked for. */
export function addon(): typeof Binding {
  if (process.platform !== 'linux') throw fault('UNSUPPORTED_PLATFORM', { platform: process.platform })
  if ('error' in loaded) throw missing(loaded.error)
  if (loaded.abi === ABI) return loaded
  throw fault('ADDON_MISSING', { reason: `it has version ${loaded.abi} of the binding, not ${ABI}`, hint: BUILD })
}

const BUILD = 'build it in a checkout: npm run build:native'

/** The loader says what is missing, but not where it comes from. */
function missing(error: NodeJS.ErrnoException): CnmError {
  const reason = error.message.split('\n')[0] ?? ''
  return fault('ADDON_MISSING', { reason, hint: wayOut(error, reason) }, error)
}

function wayOut({ code }: NodeJS.ErrnoException, reason: string): string {
  if (code !== 'ERR_DLOPEN_FAILED') return `prebuilt for Linux on x64 and arm64 with glibc; elsewhere ${BUILD}`
  const library = /libnl-3\.so\.\d+(?=: cannot open)/.exec(reason)
  if (library) return `${library[0]} is in the package libnl-3-200: apt install libnl-3-200`
  const [, symbol, version] = /version `(GLIBC(?:XX)?)_([\d.]+)' not found/.exec(reason) ?? []
  if (!version) return BUILD
  return `this binary needs ${symbol === 'GLIBC' ? 'glibc' : "libstdc++'s GLIBCXX"} ${version} or newer; for an older system ${BUILD}`
}
