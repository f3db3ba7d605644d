import { given } from '../../model/given.ts'
import type { Attachment } from '../../model/request.ts'
import { parseLink } from '../attachment.ts'
import { collect, driverOptions, integer, listed } from '../flags.ts'
import { badValue, Misuse } from '../misuse.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly ip?: string
  readonly ip6?: string
  readonly alias?: readonly string[]
  readonly link?: readonly string[]
  readonly linkLocalIp?: readonly string[]
  readonly driverOpt?: readonly string[]
  readonly gwPriority?: string
  readonly macAddress?: string
}

export const networkConnect = (noun: Verb): Verb =>
  noun
    .command('connect')
    .description('Connect a sandbox to a network')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .argument('<sandbox>', 'Name, id, or unique beginning of an id')
    .option('--ip <address>', 'IPv4 address (e.g. 172.30.100.104)')
    .option('--ip6 <address>', 'IPv6 address (e.g. 2001:db8::33)')
    .option('--alias <name>', 'Another name for the sandbox on this network (may be repeated)', collect)
    .option('--link <sandbox[:alias]>', 'What this sandbox calls another one (may be repeated)', collect)
    .option('--link-local-ip <address>', 'One more address, of 169.254.0.0/16 or fe80::/64 (may be repeated)', collect)
    .option('--driver-opt <key=value>', 'Option of the driver for this endpoint (may be repeated)', collect)
    .option('--gw-priority <number>', 'The network with the highest one provides the default gateway; may be negative')
    .option('--mac-address <mac>', 'MAC address (e.g. 92:d0:c6:0a:29:33)')
    .examples(
      'cnm network connect back web',
      'cnm network connect --ip 10.10.0.5 --gw-priority 10 front web',
      'cnm network connect --driver-opt com.docker.network.endpoint.ifname=uplink0 front web',
      'cnm network connect --driver-opt cnm.rate.out=1mbit front web',
    )
    .errand()
    .perform(async (visit, network: string, sandbox: string, flags: Flags) => {
      const attachment = attachmentOf(network, flags)
      await visit.open((cnm) => visit.change(cnm, (it, options) => it.connect(sandbox, attachment, options)))
    })

function attachmentOf(network: string, flags: Flags): Attachment {
  const { ip, ip6, alias, link = [], linkLocalIp, driverOpt, gwPriority = '0', macAddress } = flags
  const options = driverOptions(listed('--driver-opt', driverOpt))
  if (!options) throw new Misuse('invalid key/value pair format in driver options')
  const priority = integer(gwPriority)
  if (priority === null) throw badValue('--gw-priority', gwPriority, 'invalid syntax')
  return {
    network,
    ...given({ ip, ip6, mac: macAddress }),
    aliases: listed('--alias', alias),
    links: link.map(parseLink),
    linkLocal: listed('--link-local-ip', linkLocalIp),
    options,
    gwPriority: priority,
  }
}
