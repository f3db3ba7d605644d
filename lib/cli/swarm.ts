import { given } from '../model/given.ts'
import type { InitSwarm } from '../model/request.ts'
import type { Membership } from '../model/swarm.ts'
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
