import { type Static, Type as T, type TSchema } from '@sinclair/typebox'
import type { Controller, VerbOptions } from '../../controller/controller.ts'
import { complaint } from '../engine/complaint.ts'
import * as wire from './wire.ts'

/** A verb of a controller: what it is asked with, and what is answered, as JSON has it. */
export interface OwnVerb {
  readonly asked: TSchema
  readonly answer: (cnm: Controller, asked: never, options: VerbOptions) => unknown
}

const verb = <P extends Record<string, TSchema>>(
  properties: P,
  answer: (cnm: Controller, asked: Static<ReturnType<typeof wire.Exactly<P>>>, options: VerbOptions) => unknown,
): OwnVerb => ({ asked: wire.Exactly({ ...properties, dryRun: wire.Maybe(T.Boolean()) }), answer })

const { Text } = wire

/** By name: the methods of a controller, their parameters by name too. */
export const VERBS: ReadonlyMap<string, OwnVerb> = new Map(
  Object.entries({
    // All that a client looks at, at once: where ports lead too, of those that publish any.
    records: verb({}, (cnm) => ({
      networks: cnm.networks(),
      sandboxes: cnm.sandboxes(),
      endpoints: cnm.endpoints(),
      openings: Object.fromEntries(cnm.sandboxes().flatMap(({ id, ports }) => (ports.length > 0 ? [[id, cnm.openings(id)]] : []))),
    })),
    createNetwork: verb({ request: wire.CreateNetwork }, (cnm, { request }, options) => cnm.createNetwork(request, options)),
    removeNetwork: verb({ network: Text }, (cnm, { network }, options) => cnm.removeNetwork(network, options)),
    // By id: what filters passed when the client looked.
    pruneNetworks: verb({ ids: T.Array(Text) }, (cnm, { ids }, options) => {
      const wanted = new Set(ids)
      return cnm.pruneNetworks(({ id }) => wanted.has(id), options)
    }),
    usage: verb({ network: Text }, async (cnm, { network }) => {
      const usage = Object.entries(await cnm.usage(network))
      return Object.fromEntries(usage.map(([subnet, { inUse, available }]) => [subnet, [String(inUse), String(available)]]))
    }),
    reserve: verb({ network: Text, sandbox: Text, address: Text }, (cnm, { network, sandbox, address }, options) =>
      cnm.reserve(network, sandbox, address, options),
    ),
    unreserve: verb({ network: Text, sandbox: Text }, (cnm, { network, sandbox }, options) => cnm.unreserve(network, sandbox, options)),
    createSandbox: verb({ request: wire.CreateSandbox }, async (cnm, { request }, options) => {
      const sandbox = await cnm.createSandbox(request, options)
      return { sandbox, endpoints: cnm.seats(sandbox.id).map(({ endpoint }) => endpoint) }
    }),
    removeSandbox: verb({ sandbox: Text }, (cnm, { sandbox }, options) => cnm.removeSandbox(sandbox, options)),
    removeSandboxes: verb({ sandboxes: T.Array(Text) }, async (cnm, { sandboxes }, options) =>
      (await cnm.removeSandboxes(sandboxes, options)).map((outcome) =>
        outcome.status === 'fulfilled' ? { gone: outcome.value } : { refusal: complaint(outcome.reason) },
      ),
    ),
    connect: verb({ sandbox: Text, attachment: wire.Attachment }, (cnm, { sandbox, attachment }, options) =>
      cnm.connect(sandbox, attachment, options),
    ),
    disconnect: verb({ sandbox: Text, network: Text }, (cnm, { sandbox, network }, options) => cnm.disconnect(sandbox, network, options)),
    explain: verb({ request: wire.Explain }, (cnm, { request }) => cnm.explain(request)),
    mtu: verb({ network: Text }, (cnm, { network }) => cnm.mtu(network)),
    peers: verb({ network: Text }, (cnm, { network }) => cnm.peers(network)),
    addPeer: verb({ network: Text, peer: wire.AddPeer }, (cnm, { network, peer }, options) => cnm.addPeer(network, peer, options)),
    removePeer: verb({ network: Text, peer: Text }, (cnm, { network, peer }, options) => cnm.removePeer(network, peer, options)),
    verify: verb({ network: Text, repair: T.Boolean() }, (cnm, { network, repair }, options) =>
      cnm.verify(network, { repair, ...options }),
    ),
    initSwarm: verb({ request: wire.InitSwarm }, (cnm, { request }) => cnm.initSwarm(request)),
    joinSwarm: verb({ request: wire.JoinSwarm }, (cnm, { request }) => cnm.joinSwarm(request)),
    leaveSwarm: verb({ force: T.Boolean() }, (cnm, { force }) => cnm.leaveSwarm({ force })),
    rotateKeys: verb({}, (cnm) => cnm.rotateKeys()),
    joinToken: verb({ rotate: T.Boolean() }, (cnm, { rotate }) => cnm.joinToken({ rotate })),
    swarm: verb({}, (cnm) => cnm.swarm()),
    nodes: verb({}, (cnm) => cnm.nodes()),
    node: verb({ node: Text }, (cnm, { node }) => cnm.node(node)),
    nodesOn: verb({ network: Text }, (cnm, { network }) => cnm.nodesOn(network)),
    services: verb({ network: Text }, (cnm, { network }) => cnm.services(network)),
    removeNode: verb({ node: Text, force: T.Boolean() }, (cnm, { node, force }) => cnm.removeNode(node, { force })),
    reloadFirewall: verb({}, (cnm, _, options) => cnm.reloadFirewall(options)),
    examine: verb({}, (cnm) => cnm.examine()),
    exported: verb({}, (cnm) => cnm.exported()),
    repair: verb({}, async (cnm, _, options) => {
      const { errors, ...came } = await cnm.repair(options)
      return { ...came, errors: errors.map(({ code, values }) => ({ code, values })) }
    }),
  }),
)
