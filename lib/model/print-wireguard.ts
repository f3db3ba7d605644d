import type { WireguardPeer, WireguardSync } from '../../binding.d.ts'
import { addressText, cidrText, linkRef } from './words.ts'

const keyText = (key: Uint8Array): string => Buffer.from(key).toString('base64')

const endpointText = (address: Uint8Array, port: number): string =>
  address.length === 16 ? `[${addressText(address)}]:${port}` : `${addressText(address)}:${port}`

const peerLines = ({ publicKey, endpoint, port, allowedIps }: WireguardPeer): readonly string[] => [
  '[Peer]',
  `PublicKey = ${keyText(publicKey)}`,
  `Endpoint = ${endpointText(endpoint, port)}`,
  ...(allowedIps.length > 0 ? [`AllowedIPs = ${allowedIps.map(({ address, prefix }) => cidrText(address, prefix)).join(', ')}`] : []),
]

/** A variable of the shell stands for the private key: whoever pastes the command has to know it. */
export const wireguardCommand = ({ link, listenPort, peers }: WireguardSync): string =>
  [
    `wg syncconf ${linkRef(link)} /dev/stdin <<EOF`,
    '[Interface]',
    'PrivateKey = $WIREGUARD_KEY',
    `ListenPort = ${listenPort}`,
    ...peers.flatMap(peerLines),
    'EOF',
  ].join('\n')
