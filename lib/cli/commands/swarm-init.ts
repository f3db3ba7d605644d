import { given } from '../../model/given.ts'
import { collect, integer, listed } from '../flags.ts'
import { badValue } from '../misuse.ts'
import { ALONE, type ArrivalFlags, arrival, arrivalOf, joinLine } from '../swarm.ts'
import type { Verb } from '../verb.ts'

interface Flags extends ArrivalFlags {
  readonly engine?: string
  readonly dataPathPort?: string
  readonly defaultAddrPool?: readonly string[]
  readonly defaultAddrPoolMaskLength?: string
  readonly dispatcherHeartbeat?: string
  readonly keyRotation?: string
}

export const swarmInit = (noun: Verb): Verb =>
  arrival(noun.command('init').description('Begin a swarm with this host as its first node'))
    .option('--engine <engine>', 'etcd that the swarm is kept in: etcd://HOST[:PORT],…[/PREFIX] (default: on this host, for one node)')
    .option('--data-path-port <port>', 'UDP port of the tunnels (default: 4789)')
    .option('--default-addr-pool <cidr>', 'Where automatic subnets come from (default: 10.0.0.0/8; may be repeated)', collect)
    .option('--default-addr-pool-mask-length <bits>', 'Size of automatic subnets (default: 24)')
    .option('--dispatcher-heartbeat <duration>', 'Between two signs of life of a node; three missed, and it is down (default: 5s)')
    .option('--key-rotation <duration>', 'How often what encrypted networks are encrypted with is changed (default: 12h)')
    .examples('cnm swarm init', 'cnm swarm init --engine etcd://10.0.0.1,10.0.0.2,10.0.0.3 --advertise-addr eth0')
    .perform((visit, flags: Flags) => {
      const request = {
        ...arrivalOf(flags),
        ...given({
          engine: flags.engine,
          dataPathPort: number('--data-path-port', flags.dataPathPort),
          pools: flags.defaultAddrPool && listed('--default-addr-pool', flags.defaultAddrPool),
          poolSize: number('--default-addr-pool-mask-length', flags.defaultAddrPoolMaskLength),
          heartbeat: seconds('--dispatcher-heartbeat', flags.dispatcherHeartbeat),
          keyRotation: seconds('--key-rotation', flags.keyRotation),
        }),
      }
      return visit.open(async (cnm) => {
        const membership = await visit.change(cnm, (it) => it.initSwarm(request))
        if (!membership) return
        visit.print(`Swarm initialized: current node (${membership.node.id}) is now a manager.\n`)
        visit.print(membership.engine === '' ? ALONE : joinLine(membership, await cnm.joinToken()))
      })
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
