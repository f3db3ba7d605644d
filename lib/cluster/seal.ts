import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'

/** The two halves of what a node is sealed for: the one that all may know, as SwarmNode has it, and the one in PEM that stays. */
export interface NodeKey {
  readonly publicKey: string
  readonly privateKey: string
}

const CURVE = 'x25519'
const PUBLIC_BYTES = 32
const CIPHER = 'aes-256-gcm'
const TAG_BYTES = 16
/** Each seal has a key of its own, so all may have the same. */
const NONCE = new Uint8Array(12)

export function newNodeKey(): NodeKey {
  const { privateKey } = generateKeyPairSync(CURVE)
  return nodeKeyFrom(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}

/** Of what `privateKey` holds; throws when it is none. */
export function nodeKeyFrom(privateKey: string): NodeKey {
  const key = createPrivateKey(privateKey)
  if (key.asymmetricKeyType !== CURVE) throw new Error(`a key of type ${CURVE} was expected, not ${key.asymmetricKeyType}`)
  return { publicKey: textOf(createPublicKey(key)), privateKey }
}

/** Makes of a secret what only the node with this public key can read; null where that is no key. `what`: which secret it is. */
export function seal(secret: Uint8Array, publicKey: string, what: string): string | null {
  try {
    const once = generateKeyPairSync(CURVE)
    const sender = textOf(once.publicKey)
    const shared = diffieHellman({ privateKey: once.privateKey, publicKey: publicFrom(publicKey) })
    const cipher = createCipheriv(CIPHER, keyOf(shared, sender, publicKey), NONCE).setAAD(Buffer.from(what))
    return Buffer.concat([bytesOf(sender), cipher.update(secret), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  } catch {
    return null
  }
}

/** What was sealed; null where it was for somebody else, is another secret, or was changed. */
export function unseal(sealed: string, { publicKey, privateKey }: NodeKey, what: string): Uint8Array | null {
  try {
    const bytes = bytesOf(sealed)
    const sender = bytes.subarray(0, PUBLIC_BYTES).toString('base64url')
    const shared = diffieHellman({ privateKey: createPrivateKey(privateKey), publicKey: publicFrom(sender) })
    const decipher = createDecipheriv(CIPHER, keyOf(shared, sender, publicKey), NONCE, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(what)).setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(PUBLIC_BYTES, -TAG_BYTES)), decipher.final()])
  } catch {
    return null
  }
}

/** Another key of the same node, which is of WireGuard and good for nothing else. */
export function wireguardKeyOf({ privateKey }: NodeKey): { readonly publicKey: string; readonly privateKey: Uint8Array } {
  const { d = '' } = createPrivateKey(privateKey).export({ format: 'jwk' })
  const bytes = new Uint8Array(hkdfSync('sha256', bytesOf(d), '', 'cnm wireguard', PUBLIC_BYTES))
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, bytes]), format: 'der', type: 'pkcs8' })
  return { publicKey: textOf(createPublicKey(key)), privateKey: bytes }
}

/** What stands before the bytes of an X25519 key (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

const keyOf = (shared: Uint8Array, sender: string, receiver: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', shared, '', JSON.stringify(['cnm seal', sender, receiver]), 32))

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url')

const textOf = (key: KeyObject): string => key.export({ format: 'jwk' }).x ?? ''

const publicFrom = (text: string): KeyObject => createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: text }, format: 'jwk' })
