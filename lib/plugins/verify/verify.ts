import { formatAddress, parseCidr } from '../../model/address.ts'
import type { Options } from '../../model/network.ts'
import type { PluginClient } from '../client.ts'
import { Exam, type Verdict } from './exam.ts'
import { examineIpam, type Lent, plain, releasePool, requestAddress, requestPool } from './ipam.ts'
import { examineNetwork, type Ground } from './network.ts'

export type { Verdict } from './exam.ts'

export interface VerifyOptions {
  /** For a network driver without IPAM: an IPv4 subnet that nobody has. */
  readonly subnet: string
  /** What the network is made with, as by -o. */
  readonly options: Options
}

/**
 * Plays what dockerd asks of a plugin, in its order: activation, then its interfaces. It makes one network and takes it away; of a
 * plugin that is right nothing is left. Verdicts come as they are found; throws PLUGIN_UNREACHABLE and PLUGIN_SILENT where nobody is.
 */
export async function* verify(client: PluginClient, { subnet, options }: VerifyOptions): AsyncGenerator<Verdict> {
  const exam = new Exam(client)
  const activated = await exam.ask('Plugin.Activate')
  const said = activated?.['Implements']
  const implemented = Array.isArray(said) ? said.map(String) : []
  const known = ['NetworkDriver', 'IpamDriver'].filter((name) => implemented.includes(name))
  exam.expect(known.length > 0, 'Plugin.Activate', 'Implements has NetworkDriver or IpamDriver', said)
  yield* exam.take()
  if (known.includes('IpamDriver')) {
    await examineIpam(exam)
    yield* exam.take()
  }
  if (known.includes('NetworkDriver')) {
    const lent = known.includes('IpamDriver') ? await lend(exam) : null
    await examineNetwork(exam, lent?.ground ?? groundIn(subnet), options)
    if (lent) await giveBack(exam, lent)
    yield* exam.take()
  }
  await exam.refused('Plugin.Dance', {}, 'a method that nobody knows', 'note')
  yield* exam.take()
}

/** Addresses of the plugin's own. */
async function lend(exam: Exam): Promise<{ readonly pool: Lent; readonly ground: Ground } | null> {
  const spaces = await exam.ask('IpamDriver.GetDefaultAddressSpaces')
  const pool = await requestPool(exam, String(spaces?.['LocalDefaultAddressSpace']), '')
  if (!pool) return null
  const one = await requestAddress(exam, pool.id, '', null, pool.subnet)
  const two = await requestAddress(exam, pool.id, '', null, pool.subnet)
  return one && two ? { pool, ground: { ...pool, addresses: [one, two] } } : null
}

async function giveBack(exam: Exam, { pool, ground }: { readonly pool: Lent; readonly ground: Ground }): Promise<void> {
  for (const address of ground.addresses) await exam.ask('IpamDriver.ReleaseAddress', { PoolID: pool.id, Address: plain(address) })
  await releasePool(exam, pool)
}

/** The first three addresses of a subnet. */
function groundIn(subnet: string): Ground {
  const { family, value, prefix } = parseCidr(subnet) ?? { family: 4, value: 0n, prefix: 0 }
  const nth = (n: bigint) => `${formatAddress({ family, value: value + n })}/${prefix}`
  return { subnet, gateway: nth(1n), addresses: [nth(2n), nth(3n)] }
}
