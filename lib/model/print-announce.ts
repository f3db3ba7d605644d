import type { AnnounceOp } from '../../binding.d.ts'
import { addressText, linkRef, macText, option, words } from './words.ts'

/**
 * By mausezahn (of netsniff-ng) and na6 (of ipv6toolkit), which can speak for any address. Both know a link by its name
 * only, and mausezahn sends a reply in the link's own name to nobody in particular, where ours is to that link.
 */
export const announceCommands = (op: AnnounceOp): readonly string[] =>
  op.address.length === 16 ? Array<string>(op.count ?? 1).fill(advertiseCommand(op)) : [arpCommand(op)]

function arpCommand({ link, address, mac, count = 1, as = 'request' }: AnnounceOp): string {
  const own = mac ? [`smac=${macText(mac)}`] : []
  const target = as === 'request' ? ['tmac=00:00:00:00:00:00'] : mac ? [`tmac=${macText(mac)}`] : []
  const text = addressText(address)
  return words(['mausezahn', linkRef(link), '-q', '-c', String(count), '-b', 'bc'], option('-a', mac && macText(mac)), [
    '-t',
    'arp',
    [as, ...own, `sip=${text}`, ...target, `tip=${text}`].join(','),
  ])
}

const advertiseCommand = ({ link, address, mac, router }: AnnounceOp): string =>
  words(
    ['na6', '-i', linkRef(link), '-s', addressText(address), '-d', 'ff02::1', '-t', addressText(address), '-o'],
    router ? ['-r'] : [],
    mac ? ['-S', macText(mac), '-E', macText(mac)] : ['-e'],
  )
