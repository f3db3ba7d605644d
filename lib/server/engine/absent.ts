import { fault } from '../../model/errors.ts'
import { type Route, route } from './route.ts'

/** What else a Docker Engine has. */
const ELSEWHERE =
  /^\/(containers|images|volumes|build|commit|exec|plugins|swarm|nodes|services|tasks|secrets|configs|distribution|auth|system|session|grpc)(\/|$)/

/** Lists of what there is none of: they are true, and who shows everything at once can go on. */
export const emptyRoutes: readonly Route[] = [
  route('GET /images/json', () => ({ json: [] })),
  route('GET /volumes', () => ({ json: { Volumes: [], Warnings: null } })),
  route('GET /plugins', () => ({ json: [] })),
]

/** Docker's words for what nobody has; ours for what only Docker has. */
export const absent = (method: string, path: string) =>
  ELSEWHERE.test(path) && method !== 'HEAD' ? fault('NOT_SERVED', { method, path }) : fault('PAGE_NOT_FOUND', {})
