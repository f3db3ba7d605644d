import { fault } from '../model/errors.ts'
import { shortId } from '../model/ids.ts'
import { CHILD_ENDPOINT_OPTIONS, CHILD_OPTIONS, childDriver } from './child.ts'
import type { NetworkConfig } from './driver.ts'
import { readOptions, readText } from './options.ts'
import { gatewayFor } from './pools.ts'

const MODE = 'ipvlan_mode'
const FLAG = 'ipvlan_flag'

const MODES = ['l2', 'l3', 'l3s'] as const
const FLAGS = ['bridge', 'private', 'vepa'] as const

const NETWORK_OPTIONS = { ...CHILD_OPTIONS, [MODE]: readText, [FLAG]: readText }

type Options = NetworkConfig['options']

function modeOf(options: Options): (typeof MODES)[number] {
  const value = options[MODE] || 'l2'
  const mode = MODES.find((known) => known === value)
  if (!mode) throw fault('CHILD_MODE', { driver: 'ipvlan', what: 'mode', value, usual: "'l2' mode" })
  return mode
}

function flagOf(options: Options): (typeof FLAGS)[number] {
  const value = options[FLAG] || 'bridge'
  const flag = FLAGS.find((known) => known === value)
  if (!flag) throw fault('CHILD_MODE', { driver: 'ipvlan', what: 'flag', value, usual: "'bridge'" })
  return flag
}

/** Every endpoint is an ipvlan: an address of its own behind the MAC address of the parent. */
export const ipvlan = childDriver({
  name: 'ipvlan',
  initial: 'i',
  rival: 'macvlan',

  read(options) {
    modeOf(options)
    flagOf(options)
    return readOptions(options, NETWORK_OPTIONS)
  },

  checkEndpoint(_, { options, mac }) {
    readOptions(options, CHILD_ENDPOINT_OPTIONS)
    if (mac) throw fault('MAC_UNSUPPORTED', {})
  },

  conflict: (_, other, parent) => `network di-${shortId(other.id)} is already using parent interface ${parent}`,

  seclusion(options) {
    const flag = flagOf(options)
    return flag === 'bridge' ? undefined : `with flag ${flag} the links of a parent do not reach one another`
  },

  macOf: () => undefined,

  sharesMac: () => true,

  child: (birth, { options }) => ({ op: 'link.add', ...birth, kind: 'ipvlan', ipvlan: { mode: modeOf(options), flag: flagOf(options) } }),

  isRouted: ({ [MODE]: mode = 'l2' }) => mode !== 'l2',

  goesAtOnce: () => false,

  /** Above layer 2 nobody is asked who a gateway is: what is sent leaves by the parent, as the host would have it. */
  gatewayOf: (network, own) => (modeOf(network.options) === 'l2' ? gatewayFor(network, own) : own.includes(':') ? '::' : '0.0.0.0'),

  maxEndpoints: () => undefined,
})
