import { given } from '../model/given.ts'
import type { Attachment } from '../model/request.ts'
import { collect, csv, driverOptions, integer } from './flags.ts'
import { badValue, Contradiction, Misuse } from './misuse.ts'
import type { Verb } from './verb.ts'

export interface AttachmentFlags {
  readonly network?: readonly string[]
  readonly ip?: string
  readonly ip6?: string
}

export const attachmentFlags = (verb: Verb): Verb =>
  verb
    .option(
      '--network <network>',
      'Connect to a network: NAME, or name=NAME,ip=IP,alias=NAME,… (may be repeated; default: bridge)',
      collect,
    )
    .option('--ip <address>', 'IPv4 address on the first network')
    .option('--ip6 <address>', 'IPv6 address on the first network')

/** What a sandbox is to be attached to; undefined leaves it to the default. --ip and --ip6 are meant for the first network. */
export function attachmentsOf({ network = [], ip, ip6 }: AttachmentFlags): readonly Attachment[] | undefined {
  if (network.length === 0 && ip === undefined && ip6 === undefined) return undefined
  const [first = { network: 'bridge' }, ...others] = network.map(parseAttachment)
  const names = [first, ...others].map((attachment) => attachment.network)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) throw new Contradiction(`network "${twice}" is specified multiple times`)
  if (ip !== undefined && first.ip !== undefined) throw conflict('--ip', 'IPv4')
  if (ip6 !== undefined && first.ip6 !== undefined) throw conflict('--ip6', 'IPv6')
  return [{ ...first, ...given({ ip, ip6 }) }, ...others]
}

const conflict = (flag: string, family: string): Contradiction =>
  new Contradiction(`conflicting options: cannot specify both ${flag} and per-network ${family} address`)

/** `web`, or Docker's long form: `name=web,ip=10.0.0.5,alias=x,gw-priority=10,driver-opt=KEY=VALUE`. */
export function parseAttachment(text: string): Attachment {
  if (text === '') throw new Misuse('no name set for network')
  if (!/\w+=\w+/.test(text)) return { network: text }
  const fields = csv(text)
  if (!fields) throw badValue('--network', text, 'a quote is out of place')
  const values = fieldsOf(text, fields)
  const last = (key: Key) => values[key]?.at(-1)
  const network = last('name')
  if (network === undefined) throw badValue('--network', text, 'network name/id is not specified')
  const options = driverOptions(values['driver-opt'] ?? [])
  if (!options) throw badValue('--network', text, 'invalid key value pair format in driver options')
  const priority = last('gw-priority') ?? '0'
  const gwPriority = integer(priority)
  if (gwPriority === null) throw badValue('--network', text, `invalid gw-priority (${priority}): invalid syntax`)
  return {
    network,
    ...given({ ip: last('ip'), ip6: last('ip6'), mac: last('mac-address') }),
    aliases: values.alias ?? [],
    ...given({ linkLocal: values['link-local-ip'] }),
    options,
    gwPriority,
  }
}

/** `SANDBOX:ALIAS`, or SANDBOX alone; kept as it was given. */
export function parseLink(text: string): string {
  const [sandbox = '', alias = sandbox, ...more] = text.split(':')
  if (text === '') throw badValue('--link', text, 'empty string specified for links')
  if (more.length > 0 || sandbox === '' || alias === '') throw badValue('--link', text, `bad format for links: ${text}`)
  return text
}

const KEYS = ['name', 'ip', 'ip6', 'mac-address', 'link-local-ip', 'alias', 'driver-opt', 'gw-priority'] as const
type Key = (typeof KEYS)[number]

function fieldsOf(text: string, fields: readonly string[]): Partial<Record<Key, string[]>> {
  const values: Partial<Record<Key, string[]>> = {}
  for (const field of fields) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(field) ?? []
    const key = KEYS.find((known) => known === name.trim().toLowerCase())
    if (!field.includes('=')) throw badValue('--network', text, `invalid field ${field}`)
    if (!key) throw badValue('--network', text, `invalid field key ${name}`)
    values[key] = [...(values[key] ?? []), value.trim()]
  }
  return values
}
