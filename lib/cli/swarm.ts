import { given } from '../model/given.ts'
import type { InitSwarm } from '../model/request.ts'
import type { Membership } from '../model/swarm.ts'
import { collect, integer, listed } from './flags.ts'
import { badValue } from './misuse.ts'
import type { Verb } from './verb.ts'

export interface ArrivalFlags {
  readonly advertiseAddr?: string
  readonly dataPathAddr?: string
  readonly engineCa?: string
  readonly engineCert?: string
  readonly engineKey?: string
}

/** The flags that init and join share. */
export const arrival = (verb: Verb): Verb =>
  verb
    .option('--advertise-addr <addr|link>', 'Address of this host for other nodes (default: the only one there is)')
    .option('--data-path-addr <addr|link>', 'Address of its tunnels (default: as --advertise-addr)')
    .option('--engine-ca <file>', 'Certificate of the CA that signs for the engine')
    .option('--engine-cert <file>', 'Certificate by which the engine knows this host')
    .option('--engine-key <file>', 'Its key')

export const arrivalOf = (flags: ArrivalFlags): Pick<InitSwarm, 'advertise' | 'dataPath' | 'tls'> => ({
  ...given({ advertise: flags.advertiseAddr, dataPath: flags.dataPathAddr }),
  tls: given({ ca: flags.engineCa, cert: flags.engineCert, key: flags.engineKey }),
})

export interface FoundingFlags {
  readonly dataPathPort?: string
  readonly defaultAddrPool?: readonly string[]
  readonly defaultAddrPoolMaskLength?: string
  readonly dispatcherHeartbeat?: string
  readonly keyRotation?: string
}

/** The flags of who begins a swarm, or may be the one who does. */
export const founding = (verb: Verb): Verb =>
  arrival(verb)
    .option('--data-path-port <port>', 'UDP port of the tunnels (default: 4789)')
    .option('--default-addr-pool <cidr>', 'Where automatic subnets come from (default: 10.0.0.0/8; may be repeated)', collect)
    .option('--default-addr-pool-mask-length <bits>', 'Size of automatic subnets (default: 24)')
    .option('--dispatcher-heartbeat <duration>', 'Between two signs of life of a node; three missed, and it is down (default: 5s)')
    .option('--key-rotation <duration>', 'How often what encrypted networks are encrypted with is changed (default: 12h)')

export const foundingOf = (flags: FoundingFlags): Pick<InitSwarm, 'dataPathPort' | 'pools' | 'poolSize' | 'heartbeat' | 'keyRotation'> =>
  given({
    dataPathPort: number('--data-path-port', flags.dataPathPort),
    pools: flags.defaultAddrPool && listed('--default-addr-pool', flags.defaultAddrPool),
    poolSize: number('--default-addr-pool-mask-length', flags.defaultAddrPoolMaskLength),
    heartbeat: seconds('--dispatcher-heartbeat', flags.dispatcherHeartbeat),
    keyRotation: seconds('--key-rotation', flags.keyRotation),
  })

function number(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = integer(text)
  if (value === null) throw badValue(flag, text, 'invalid syntax')
  return value
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

function seconds(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, count = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? []
  if (unit === '') throw badValue(flag, text, 'not a duration: 5s, 1m')
  return Number(count) * (UNITS[unit] ?? 1)
}

/** What is to be typed on another host; certificates are as a rule in the same place there. */
export function joinLine({ engine, tls }: Membership, token: string): string {
  const files = tls ? ` --engine-ca ${tls.ca} --engine-cert ${tls.cert} --engine-key ${tls.key}` : ''
  return `To add a node to this swarm, run the following command:

    cnm swarm join --token ${token}${files} ${engine}
`
}

export const ALONE = `This swarm is kept on this host, and has no other node. For more of them, begin it on an engine:

    cnm swarm init --engine etcd://HOST,HOST,HOST
`
