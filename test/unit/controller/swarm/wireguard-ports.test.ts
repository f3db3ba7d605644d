import { expect, it } from 'vitest'
import { withWireguardPort } from '../../../../lib/controller/swarm/wireguard-ports.ts'
import type { Network, Options } from '../../../../lib/model/network.ts'

const PORT = 'cnm.wireguard_port'
const networks = (...all: Options[]) => all.map((options) => ({ options }) as Network)
const chosen = (...others: Options[]) => withWireguardPort({ encrypted: 'wireguard' }, networks(...others))[PORT]

it('a network that WireGuard encrypts has the first port that no other one has, however that is written', () => {
  expect(chosen()).toBe('51820')
  expect(chosen({ encrypted: 'wireguard', [PORT]: '051820' }, { encrypted: 'wireguard', [PORT]: '51821' })).toBe('51822')
  expect(chosen({ encrypted: 'wireguard' })).toBe('51821')
  expect(chosen({ [PORT]: '51820' }, { encrypted: '', [PORT]: '51820' })).toBe('51820')
})

it('who has asked for a port, or has none, is left alone', () => {
  const all: Options[] = [{ encrypted: 'wireguard', [PORT]: '7' }, { encrypted: '' }, {}]
  for (const options of all) expect(withWireguardPort(options, networks(...all))).toEqual(options)
})
