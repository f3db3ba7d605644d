import { finding } from '../../model/findings.ts'
import { quote } from '../../model/words.ts'
import type { Due } from '../../store/store.ts'
import { EngineIpam } from '../engine/ipam.ts'
import type { Hall } from '../hall.ts'
import { stranger } from '../networks/owner.ts'
import { wrongChecksums } from '../overlay/checksums.ts'
import { offloadLosses } from '../overlay/offload.ts'
import { hasDriver } from '../remote/drivers.ts'
import { overdue } from '../remote/dues.ts'
import { unusable } from '../state.ts'
import { type Ailment, taking } from './ailment.ts'
import { shortages } from './capacity.ts'
import { forwardingDrift, homeStrays, networkDrift, Round, sandboxDrift } from './drift.ts'
import { shadowedPorts, vlanFilters } from './foreign.ts'
import { foreignDrops } from './foreign-rules.ts'
import { leftForwarding } from './forwarding.ts'
import { contradictions } from './records.ts'
import { hidingRoutes } from './routes.ts'
import { ruleDrift } from './rules.ts'
import { danglingRecords, recordsOf, strays } from './strays.ts'
import { groundless, swarmDrift } from './swarm.ts'

/** All that is not as it should be, in an order in which it can be mended. Changes nothing. */
export async function diagnose(hall: Hall): Promise<readonly Ailment[]> {
  try {
    hall.store.checkThere()
  } catch (error) {
    return [{ finding: unusable(error) }]
  }
  // What verbs have left to be deleted is under way.
  await hall.deleted()
  const round = await Round.of(hall)
  try {
    return await examine(hall, round)
  } finally {
    round.close()
  }
}

async function examine(hall: Hall, round: Round): Promise<readonly Ailment[]> {
  const run = await stranger(hall)
  const drift = [...(await networkDrift(round)), ...(await sandboxDrift(round))]
  const alone = run === ''
  const known = hall.store.networks.list().every((network) => hasDriver(hall, network))
  const mended = danglingRecords(hall)
  const told = new Set(mended.map(({ finding }) => JSON.stringify(finding)))
  const others = [...contradictions(recordsOf(hall)), ...(await shortages(hall))]
  return [
    ...unfinished(hall),
    ...untold(hall),
    ...forgotten(hall),
    ...mended,
    ...others.filter((found) => !told.has(JSON.stringify(found))).map((found) => ({ finding: found })),
    ...(alone ? strays(round) : [{ finding: finding('NAMESPACE_OWNED', 'host', { run, dir: quote(run) }) }]),
    ...homeStrays(round),
    // What other drivers want of the firewall, this program cannot say. Rules come before what builds on them, and go after what
    // they kept from others.
    ...(known && alone ? [...(await leftForwarding(hall)), ...(await ruleDrift(hall))] : []),
    ...drift,
    ...(await swarmDrift(hall)),
    ...(known ? [...(await forwardingDrift(round)), ...(await inTheWay(hall))] : []),
  ]
}

/** The next controller that is opened finishes it, before anything else. */
const unfinished = ({ store }: Hall): readonly Ailment[] =>
  store.journal.list().map(({ key, value }) => ({
    finding: finding('VERB_UNFINISHED', `journal ${Number(key)}`, { steps: value.plan.length }),
  }))

/** What plugins have for nobody. */
function untold({ store }: Hall): readonly Ailment[] {
  const all = overdue(store)
  return [...new Set(all.map(({ plugin }) => plugin))].map((plugin) => ({
    finding: finding('PLUGIN_OVERDUE', `plugin ${plugin}`, { calls: methodsOf(all, plugin) }),
    mend: ({ envoy }) => envoy.settle(plugin),
  }))
}

/** What an engine was lent, and has nothing for. */
const forgotten = ({ store, lostPools }: Hall): readonly Ailment[] =>
  store.lentPools
    .list()
    .filter(({ id }) => lostPools.has(id))
    .map(({ id, driver, pool, subnet }) => ({
      finding: finding('POOL_FORGOTTEN', `pool ${subnet}`, {}),
      mend: async (hall) => {
        await taking({ record: () => hall.lostPools.delete(id) })(hall)
        if (!hall.lostPools.has(id)) await new EngineIpam(hall, hall.ipams.get(driver)).releasePool(pool)
      },
    }))

/** 'DeleteEndpoint, ReleaseAddress (2)' */
function methodsOf(all: readonly Due[], plugin: string): string {
  const methods = all.filter((due) => due.plugin === plugin).map(({ method }) => method.replace(/^.*\./, ''))
  return [...new Set(methods)]
    .map((method) => {
      const count = methods.filter((other) => other === method).length
      return count > 1 ? `${method} (${count})` : method
    })
    .join(', ')
}

const inTheWay = async (hall: Hall): Promise<readonly Ailment[]> =>
  [
    ...(await foreignDrops(hall)),
    ...(await shadowedPorts(hall)),
    ...(await hidingRoutes(hall)),
    ...(await vlanFilters(hall)),
    ...(await groundless(hall)),
    ...(await offloadLosses(hall)),
    ...(await wrongChecksums(hall)),
  ].map((found) => ({ finding: found }))
