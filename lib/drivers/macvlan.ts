import { fault } from '../model/errors.ts'
import { macBytes, macOf, parseMac } from '../model/ids.ts'
import { CHILD_ENDPOINT_OPTIONS, CHILD_OPTIONS, childDriver } from './child.ts'
import type { NetworkConfig } from './driver.ts'
import { type Reader, readOptions, readText } from './options.ts'
import { gatewayFor } from './pools.ts'

const MODE = 'macvlan_mode'
const SOURCES = 'cnm.macvlan_sources'

const MODES = ['bridge', 'private', 'vepa', 'passthru', 'source'] as const
type Mode = (typeof MODES)[number]

/** '02:42:0a:00:00:07,02:42:0a:00:00:08' */
const readMacs: Reader<readonly Uint8Array[]> = (text) =>
  text.split(',').map((mac) => {
    const bytes = parseMac(mac.trim())
    if (!bytes) throw new Error('expected MAC addresses, separated by commas')
    return bytes
  })

const NETWORK_OPTIONS = { ...CHILD_OPTIONS, [MODE]: readText, [SOURCES]: readMacs }
const ENDPOINT_OPTIONS = { ...CHILD_ENDPOINT_OPTIONS, [SOURCES]: readMacs }

type Options = NetworkConfig['options']

function modeOf(options: Options): Mode {
  const value = options[MODE] || 'bridge'
  const mode = MODES.find((known) => known === value)
  if (!mode) throw fault('CHILD_MODE', { driver: 'macvlan', what: 'mode', value, usual: "'bridge' mode" })
  return mode
}

/** Whom an endpoint hears in mode source: those that it names itself, or else its network. */
const sourcesOf = ({ options }: NetworkConfig, own: Options = {}): readonly Uint8Array[] =>
  readOptions(own, ENDPOINT_OPTIONS)[SOURCES] ?? readOptions(options, NETWORK_OPTIONS)[SOURCES] ?? []

/** In mode passthru a sandbox takes the parent's place, with its MAC address. */
const macOfParent = (network: NetworkConfig): string => network.found?.mac ?? macOf(network.id)

/** Every endpoint is a macvlan: a MAC address of its own on the parent. */
export const macvlan = childDriver({
  name: 'macvlan',
  initial: 'm',
  rival: 'ipvlan',

  read(options) {
    const read = readOptions(options, NETWORK_OPTIONS)
    const mode = modeOf(options)
    if (read[SOURCES] && mode !== 'source') throw idle(options)
    return read
  },

  checkEndpoint(network, { options, mac }) {
    const mode = modeOf(network.options)
    const heard = sourcesOf(network, options)
    if (mode === 'source' && heard.length === 0)
      throw fault('INVALID_OPTION', { key: MODE, value: mode, reason: `whom is it to hear? -o ${SOURCES}=MAC,MAC` })
    if (mode !== 'source' && options[SOURCES] !== undefined) throw idle(options)
    if (mode === 'passthru' && mac !== undefined && mac !== macOfParent(network))
      throw fault('INVALID_ENDPOINT_SETTINGS', {
        problems: `in mode passthru a sandbox has the MAC address of the parent interface, ${macOfParent(network)}`,
      })
  },

  conflict({ options }, other, parent) {
    if (modeOf(options) === 'passthru')
      return `cannot use mode passthru, macvlan network ${other.id} is already using parent interface ${parent}`
    if (modeOf(other.options) === 'passthru')
      return `macvlan network ${other.id} is already using parent interface ${parent} in mode passthru`
    return undefined
  },

  seclusion(options) {
    const mode = modeOf(options)
    return mode === 'bridge' ? undefined : `in mode ${mode} the links of a parent do not reach one another`
  },

  macOf: (network, { id, mac }) => (modeOf(network.options) === 'passthru' ? macOfParent(network) : (mac ?? macOf(id))),

  sharesMac: (options) => modeOf(options) === 'passthru',

  child(birth, network, endpoint) {
    const mode = endpoint ? modeOf(network.options) : 'bridge'
    const mac = endpoint ? (endpoint.mac ?? macOf(endpoint.id)) : macOf(`host ${network.id}`)
    return {
      op: 'link.add',
      ...birth,
      kind: 'macvlan',
      // In mode passthru the kernel gives it that of the parent.
      ...(mode === 'passthru' ? {} : { mac: macBytes(mac) }),
      macvlan: { mode, ...(mode === 'source' ? { macAddr: sourcesOf(network, endpoint?.options) } : {}) },
    }
  },

  isRouted: () => false,

  // The parent takes no other as long as it is there.
  goesAtOnce: (options) => modeOf(options) === 'passthru',

  gatewayOf: gatewayFor,

  maxEndpoints: (options) => (modeOf(options) === 'passthru' ? 1 : undefined),
})

const idle = (options: Options) =>
  fault('INVALID_OPTION', { key: SOURCES, value: options[SOURCES] ?? '', reason: `it is for ${MODE}=source` })
