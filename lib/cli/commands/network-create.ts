import { Option } from 'commander'
import { given } from '../../model/given.ts'
import type { Scope } from '../../model/network.ts'
import type { CreateNetwork } from '../../model/request.ts'
import { collect, labels, listed, pair, pairs } from '../flags.ts'
import { groupBySubnet } from '../subnets.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly driver?: string
  readonly opt?: readonly string[]
  readonly label?: readonly string[]
  readonly internal?: boolean
  readonly ipv4?: boolean
  readonly ipv6?: boolean
  readonly attachable?: boolean
  readonly scope?: Scope
  readonly ingress?: boolean
  readonly configOnly?: boolean
  readonly configFrom?: string
  readonly ipamDriver?: string
  readonly ipamOpt?: readonly string[]
  readonly subnet?: readonly string[]
  readonly ipRange?: readonly string[]
  readonly gateway?: readonly string[]
  readonly auxAddress?: readonly string[]
  readonly reserve?: readonly string[]
}

export const networkCreate = (noun: Verb): Verb =>
  noun
    .command('create')
    .description('Create a network, and print its id')
    .argument('<network>', 'Its name')
    .option('-d, --driver <name>', 'Driver to manage the network (default: bridge)')
    .option('-o, --opt <key=value>', 'Option of the driver (may be repeated)', collect)
    .option('--label <key=value>', 'Metadata (may be repeated)', collect)
    .toggle('--internal', 'Restrict external access to the network')
    .toggle('--ipv4', 'Enable or disable IPv4 address assignment: --ipv4=false (default: true)')
    .toggle('--ipv6', 'Enable or disable IPv6 address assignment (default: false)')
    .toggle('--attachable', 'Enable manual container attachment')
    .toggle('--ingress', 'Create swarm routing-mesh network')
    .toggle('--config-only', 'Create a configuration only network')
    .option('--config-from <network>', 'The network from which to copy the configuration')
    .addOption(new Option('--scope <scope>', "Control the network's scope").choices(['local', 'swarm'] satisfies Scope[]))
    .option('--subnet <cidr>', 'Subnet in CIDR format (may be repeated)', collect)
    .option('--ip-range <cidr>', 'Part of the subnet that addresses are given out of (may be repeated)', collect)
    .option('--gateway <address>', 'Gateway of the subnet (may be repeated)', collect)
    .option('--aux-address <name=address>', 'Address that is not given out (may be repeated)', collect)
    .option('--reserve <sandbox=address>', 'Address for the sandbox of that name, and no other (may be repeated)', collect)
    .option('--ipam-driver <name>', 'Driver to manage the addresses (default: default)')
    .option('--ipam-opt <key=value>', 'Option of the IPAM driver (may be repeated)', collect)
    .examples(
      'cnm network create web',
      'cnm network create --ipv6 --subnet 10.10.0.0/24 --subnet fd00:10::/64 --gateway 10.10.0.254 web',
      'cnm network create -o com.docker.network.bridge.name=br-web -o com.docker.network.driver.mtu=1400 web',
      'cnm network create -d overlay --attachable app',
      'cnm network create -o cnm.rate.in=100mbit -o cnm.rate.out=10mbit web',
      'cnm network create --config-only --subnet 10.20.0.0/24 --opt com.docker.network.driver.mtu=1400 plain',
      'cnm network create --config-from plain --internal back',
      'cnm --dry-run network create --internal back',
    )
    .errand()
    .perform(async (visit, name: string, flags: Flags) => {
      const request = requestOf(name, flags)
      const network = await visit.open((cnm) => visit.change(cnm, (it, options) => it.createNetwork(request, options)))
      if (network) visit.print(network.id)
    })

const requestOf = (name: string, flags: Flags): CreateNetwork => ({
  name,
  ...given({
    driver: flags.driver,
    scope: flags.scope,
    internal: flags.internal,
    attachable: flags.attachable,
    ingress: flags.ingress,
    configOnly: flags.configOnly,
    configFrom: flags.configFrom,
    enableIPv4: flags.ipv4,
    enableIPv6: flags.ipv6,
  }),
  labels: labels(flags.label),
  options: pairs(flags.opt),
  ipam: {
    ...given({ driver: flags.ipamDriver }),
    options: pairs(flags.ipamOpt),
    config: groupBySubnet({
      subnets: listed('--subnet', flags.subnet),
      ranges: listed('--ip-range', flags.ipRange),
      gateways: listed('--gateway', flags.gateway),
      aux: (flags.auxAddress ?? []).map(pair),
      reservations: (flags.reserve ?? []).map(pair),
    }),
  },
})
