import { fault } from '../../model/errors.ts'
import { type Route, route } from './route.ts'

/** What else a Docker Engine has. */
const ELSEWHERE =
  /^\/(containers|images|volumes|build|commit|exec|plugins|swarm|nodes|services|tasks|secrets|configs|distribution|auth|system|session|grpc)(\/|$)/

/** A sandbox runs as long as it is there: of containers too, none is unused. */
const prune = (kind: string, deleted: string): Route =>
  route(`POST /${kind}/prune`, () => ({ json: { [deleted]: null, SpaceReclaimed: 0 } }))

/** What there is none of: that is true, and who shows everything at once, or takes away whatever is unused, can go on. */
export const emptyRoutes: readonly Route[] = [
  route('GET /images/json', () => ({ json: [] })),
  route('GET /volumes', () => ({ json: { Volumes: [], Warnings: null } })),
  route('GET /plugins', () => ({ json: [] })),
  prune('containers', 'ContainersDeleted'),
  prune('images', 'ImagesDeleted'),
  prune('volumes', 'VolumesDeleted'),
  prune('build', 'CachesDeleted'),
]

/** Docker's words for what nobody has; ours for what only Docker has. */
export const absent = (method: string, path: string) =>
  ELSEWHERE.test(path) && method !== 'HEAD' ? fault('NOT_SERVED', { method, path }) : fault('PAGE_NOT_FOUND', {})
