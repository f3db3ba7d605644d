import type { Verbs } from '../../controller/verbs.ts'
import { CnmError } from '../../model/errors.ts'
import type { CreateNetwork, CreateSandbox } from '../../model/request.ts'
import { Contradiction } from '../misuse.ts'
import type { Change, Step } from './changes.ts'

/** What is to be made. While it is rehearsed, what it replaces has still its name. */
export const networkTrial = (wanted: CreateNetwork, isNew: boolean): Step => {
  const request = isNew ? wanted : { ...wanted, name: `${wanted.name} anew` }
  return (cnm, options) => cnm.createNetwork(request, options)
}

/** `stays`: whether a network is there already, and will be as it is. */
export const sandboxTrial = (
  wanted: CreateSandbox & { readonly name: string },
  isNew: boolean,
  stays: (network: string) => boolean,
): Step => {
  const networks = (wanted.networks ?? []).filter(({ network }) => stays(network))
  const request = { ...wanted, name: isNew ? wanted.name : `${wanted.name}.anew`, networks }
  return (cnm, options) => cnm.createSandbox(request, options)
}

/** Refuses what cannot be made, whoever makes way for it, before anybody does. What is only taken may be free by then. */
export async function rehearse(cnm: Verbs, { subject, trial }: Change, signal: AbortSignal): Promise<void> {
  if (!trial) return
  try {
    await cnm.plan((dry) => trial(dry, { signal }))
  } catch (error) {
    if (!(error instanceof CnmError) || isMistake(error)) throw blamed(subject, error)
  }
}

const isMistake = ({ status }: CnmError): boolean => status === 400 || status === 404

/** A refusal that says of which change. */
export const blamed = (subject: string, error: unknown): unknown =>
  error instanceof CnmError ? new Contradiction(`${subject}: ${error.message}`, { cause: error }) : error
