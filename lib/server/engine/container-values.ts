import { fault } from '../../model/errors.ts'
import type { Filters } from '../../model/filter.ts'

interface Ports {
  readonly first: number
  readonly last: number
  readonly protocol: string
}

/** '80', '80/udp', '8000-8010/tcp'; undefined for anything else. */
export function portsIn(text: string): Ports | undefined {
  const [, from, to = from, protocol] = /^(\d+)(?:-(\d+))?(?:\/(\w*))?$/.exec(text) ?? []
  const [first, last] = [Number(from), Number(to)]
  return first <= last && last <= 65535 ? { first, last, protocol: protocol || 'tcp' } : undefined
}

const isOneOf =
  (...known: readonly string[]) =>
  (value: string): boolean =>
    known.includes(value)

const isPorts = (value: string): boolean => portsIn(value) !== undefined

const unlike = (key: string) => (value: string) => fault('FILTER_VALUE', { key, value })
const noPort = (key: string) => (value: string) => fault('FILTER_PORT', { key, value })

/** What a value may be, and how Docker refuses another one; a key that is not here has any. */
const KNOWN: readonly (readonly [key: string, isKnown: (value: string) => boolean, refusal: (value: string) => Error])[] = [
  ['status', isOneOf('created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'), unlike('status')],
  ['is-task', isOneOf('0', '1', 'false', 'true'), unlike('is-task')],
  ['exited', (value) => /^[+-]?\d+$/.test(value), unlike('exited')],
  ['health', isOneOf('none', 'starting', 'healthy', 'unhealthy'), (value) => fault('FILTER_HEALTH', { value })],
  ['publish', isPorts, noPort('publish')],
  ['expose', isPorts, noPort('expose')],
]

/** Refuses values that nothing can have: who mistypes one is told so, and not that there is nothing. */
export function checkValues(wanted: Filters): void {
  for (const [key, isKnown, refusal] of KNOWN) {
    const value = wanted.get(key)?.find((text) => !isKnown(text))
    if (value !== undefined) throw refusal(value)
  }
}
