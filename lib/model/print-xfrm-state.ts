import type { XfrmStateDel, XfrmStateFlush, XfrmStatePut } from '../../binding.d.ts'
import { limitWords, listWords, selectorWords } from './print-xfrm.ts'
import { addressOption, option, quote, type Words, words } from './words.ts'

const spiText = (spi: number): string => `0x${spi.toString(16)}`

const identityWords = (op: XfrmStatePut | XfrmStateDel): Words => [
  ...addressOption('dst', op.dst),
  ...option('proto', op.proto),
  ...option('spi', spiText(op.spi)),
  ...option('mark', op.mark),
  ...option('mask', op.mask),
]

/** A variable of the shell stands for a key: whoever pastes the command has to know it. An empty one is no secret. */
const algorithmWords = (name: string, spi: number, algorithm: { readonly name: string; readonly key: Uint8Array } | undefined): Words =>
  algorithm ? [name, quote(algorithm.name), algorithm.key.length === 0 ? "''" : `$${name.slice(0, 4).toUpperCase()}_${spiText(spi)}`] : []

const settingWords = (op: XfrmStatePut): Words => [
  ...option('mode', op.mode),
  ...option('reqid', op.reqid),
  ...algorithmWords('aead', op.spi, op.aead),
  ...(op.aead ? [String(op.aead.icv)] : []),
  ...algorithmWords(op.auth?.trunc === undefined ? 'auth' : 'auth-trunc', op.spi, op.auth),
  ...(op.auth?.trunc === undefined ? [] : [String(op.auth.trunc)]),
  ...algorithmWords('enc', op.spi, op.enc),
  ...option('comp', op.comp),
  ...option('replay-window', op.replayWindow),
  ...listWords('flag', op.flags),
  ...listWords('extra-flag', op.extraFlags),
  ...(op.outputMark === undefined ? [] : ['output-mark', String(op.outputMark), ...option('mask', op.outputMask)]),
  ...option('if_id', op.ifId),
  ...(op.sel ? ['sel', ...selectorWords(op.sel)] : []),
  ...limitWords(op.limits),
  ...(op.encap ? ['encap', op.encap.type, String(op.encap.sport), String(op.encap.dport), '0.0.0.0'] : []),
]

const delCommand = (op: XfrmStatePut | XfrmStateDel): string => words('ip xfrm state delete', identityWords(op))

/** Where there is none to be replaced, the first command complains, and the second one is carried out all the same. */
export function xfrmStateCommands(op: XfrmStatePut | XfrmStateDel): readonly string[] {
  if (op.op === 'xfrm.state.del') return [delCommand(op)]
  const add = words('ip xfrm state add', addressOption('src', op.src), identityWords(op), settingWords(op))
  return op.op === 'xfrm.state.add' ? [add] : [delCommand(op), add]
}

export const xfrmStateFlushCommand = ({ src, dst, proto, mode, reqid }: XfrmStateFlush): string =>
  words(
    'ip xfrm state deleteall',
    addressOption('src', src),
    addressOption('dst', dst),
    option('proto', proto),
    option('mode', mode),
    option('reqid', reqid),
  )
