import { readBool as parseBool } from '../../drivers/options.ts'
import { fault } from '../../model/errors.ts'
import type { Network } from '../../model/network.ts'
import type { CreateNetwork } from '../../model/request.ts'

/** Docker's options for the families are the same wish in another place; they are not kept, and the request itself counts more. */
export function familiesOf(request: CreateNetwork): Pick<Network, 'options' | 'enableIPv4' | 'enableIPv6'> {
  const { [ENABLE_IPV4]: ipv4, [ENABLE_IPV6]: ipv6, ...options } = request.options ?? {}
  return {
    options,
    enableIPv4: request.enableIPv4 ?? readBool(ENABLE_IPV4, ipv4) ?? true,
    enableIPv6: request.enableIPv6 ?? readBool(ENABLE_IPV6, ipv6) ?? false,
  }
}

const ENABLE_IPV4 = 'com.docker.network.enable_ipv4'
const ENABLE_IPV6 = 'com.docker.network.enable_ipv6'

function readBool(key: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined
  try {
    return parseBool(value)
  } catch (error) {
    throw fault('INVALID_DRIVER_OPT', { key }, error)
  }
}
