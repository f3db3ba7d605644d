import type { Verb } from '../verb.ts'
import { swarmInit } from './swarm-init.ts'
import { swarmJoin } from './swarm-join.ts'
import { swarmJoinToken } from './swarm-join-token.ts'
import { swarmLeave } from './swarm-leave.ts'
import { swarmRotateKeys } from './swarm-rotate-keys.ts'

export const swarm = (program: Verb): Verb =>
  program
    .command('swarm')
    .description('Manage the swarm that this host is in: networks over many hosts')
    .examples('cnm swarm init --engine etcd://10.0.0.1,10.0.0.2,10.0.0.3', 'cnm swarm join-token', 'cnm swarm leave')
    .gather(swarmInit, swarmJoin, swarmJoinToken, swarmLeave, swarmRotateKeys)
