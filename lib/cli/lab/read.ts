import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { contains, parseAddress, parseCidr } from '../../model/address.ts'
import { given } from '../../model/given.ts'
import type { Options } from '../../model/network.ts'
import type { Attachment, CreateNetwork, CreateSandbox, IpamConfig, PublishPort } from '../../model/request.ts'
import { pairs } from '../flags.ts'
import { Contradiction } from '../misuse.ts'
import { parsePorts } from '../port.ts'

/** Says whose a network or sandbox is. */
export const LAB_LABEL = 'cnm.lab'

export type DeclaredSandbox = CreateSandbox & Required<Pick<CreateSandbox, 'name' | 'networks' | 'ports' | 'labels'>>
export type DeclaredNetwork = CreateNetwork & Required<Pick<CreateNetwork, 'labels'>>

/** What a file declares. */
export interface Lab {
  readonly name: string
  readonly networks: readonly DeclaredNetwork[]
  /** Networks that are somebody else's: they have to be there. */
  readonly external: readonly string[]
  readonly sandboxes: readonly DeclaredSandbox[]
}

type Read<T> = (value: unknown, at: string) => T

const refuse = (at: string, reason: string): Contradiction => new Contradiction(`${at}: ${reason}`)

const flag: Read<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw refuse(at, 'expected true or false')
  return value
}

const whole: Read<number> = (value, at) => {
  if (!Number.isSafeInteger(value)) throw refuse(at, 'expected a whole number')
  return value as number
}

/** A number is text that needs no quotes. */
const text: Read<string> = (value, at) => {
  if (!['string', 'number', 'boolean'].includes(typeof value)) throw refuse(at, 'expected text')
  return String(value)
}

const list =
  <T>(read: Read<T>): Read<readonly T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) throw refuse(at, 'expected a list')
    return value.map((item, index) => read(item, `${at}[${index}]`))
  }

function entriesOf(value: unknown, at: string): readonly (readonly [string, unknown])[] {
  if (value === null || value === undefined) return []
  if (typeof value !== 'object' || Array.isArray(value)) throw refuse(at, 'expected keys and values')
  return Object.entries(value)
}

const map =
  <T>(read: Read<T>): Read<Readonly<Record<string, T>>> =>
  (value, at) =>
    Object.fromEntries(entriesOf(value, at).map(([key, item]) => [key, read(item, `${at}.${key}`)]))

/** `{ KEY: VALUE }`, or Compose's other form of it, a list of KEY=VALUE. */
const options: Read<Options> = (value, at) => (Array.isArray(value) ? pairs(list(text)(value, at)) : map(text)(value, at))

/** The fields that are there; others than `fields` are refused. */
const object =
  <R extends Readonly<Record<string, Read<unknown>>>>(fields: R): Read<{ readonly [K in keyof R]?: ReturnType<R[K]> }> =>
  (value, at) =>
    Object.fromEntries(
      entriesOf(value, at).map(([key, item]) => {
        const read = Object.hasOwn(fields, key) ? fields[key] : undefined
        if (!read) throw refuse(`${at}.${key}`, `unknown key; known are ${Object.keys(fields).join(', ')}`)
        return [key, read(item, `${at}.${key}`)]
      }),
    ) as { readonly [K in keyof R]?: ReturnType<R[K]> }

const publish: Read<readonly PublishPort[]> = (value, at) => {
  try {
    return parsePorts(text(value, at))
  } catch (error) {
    throw refuse(at, (error as Error).message)
  }
}

const ipamConfig: Read<IpamConfig> = (value, at) => {
  const read = object({ subnet: text, ip_range: text, gateway: text, aux_addresses: options, reservations: options })(value, at)
  return given({
    subnet: read.subnet,
    ipRange: read.ip_range,
    gateway: read.gateway,
    auxAddresses: read.aux_addresses,
    reservations: read.reservations,
  })
}

const network = object({
  driver: text,
  driver_opts: options,
  internal: flag,
  attachable: flag,
  enable_ipv4: flag,
  enable_ipv6: flag,
  labels: options,
  external: flag,
  ipam: object({ driver: text, options, config: list(ipamConfig) }),
})

const attachment = object({
  ipv4_address: text,
  ipv6_address: text,
  mac_address: text,
  aliases: list(text),
  link_local_ips: list(text),
  driver_opts: options,
  gw_priority: whole,
})

const networksOf: Read<readonly Attachment[]> = (value, at) =>
  Array.isArray(value)
    ? eachOnce(list(text)(value, at), at).map((name) => ({ network: name }))
    : entriesOf(value, at).map(([name, item]) => attachmentTo(name, attachment(item, `${at}.${name}`)))

function eachOnce(names: readonly string[], at: string): readonly string[] {
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) throw refuse(at, `${twice} is there twice`)
  return names
}

const attachmentTo = (name: string, read: ReturnType<typeof attachment>): Attachment => ({
  network: name,
  ...given({
    ip: read.ipv4_address,
    ip6: read.ipv6_address,
    mac: read.mac_address,
    aliases: read.aliases,
    linkLocal: read.link_local_ips,
    options: read.driver_opts,
    gwPriority: read.gw_priority,
  }),
})

const sandbox = object({ netns: text, labels: options, networks: networksOf, ports: list(publish) })

const lab = object({ name: text, networks: map(network), sandboxes: map(sandbox) })

/** Reads a file. Throws Contradiction, with the place in the file. */
export async function readLab(file: string): Promise<Lab> {
  return labOf(await parseYaml(file), file)
}

async function parseYaml(file: string): Promise<unknown> {
  const { parse } = await import('yaml')
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw refuse(file, (error as Error).message.trim())
  }
}

export function labOf(document: unknown, file: string): Lab {
  const { name, networks = {}, sandboxes = {} } = lab(document, file)
  if (!name) throw refuse(file, 'name is missing: it tells what is made by this file from what is not')
  const mine = { [LAB_LABEL]: name }
  const declared = Object.entries(networks)
  for (const [box, { networks: seats = [] }] of Object.entries(sandboxes))
    for (const seat of seats)
      checkSeat(
        `${file}.sandboxes.${box}.networks.${seat.network}`,
        seat,
        Object.hasOwn(networks, seat.network) ? networks[seat.network] : undefined,
      )
  return {
    name,
    external: declared.filter(([, { external }]) => external).map(([key]) => key),
    networks: declared.filter(([, { external }]) => !external).map(([key, read]) => requestFor(key, read, mine)),
    sandboxes: Object.entries(sandboxes).map(([key, { netns, labels = {}, networks: seats = [], ports = [] }]) => ({
      name: key,
      // As Compose has it: wherever who applies the file may stand.
      ...given({ path: netns === undefined ? undefined : resolve(dirname(file), netns) }),
      networks: seats,
      ports: ports.flat(),
      labels: { ...labels, ...mine },
    })),
  }
}

/** An address is looked for here, for where a network is made anew nobody else knows its subnets before the old one is gone. */
function checkSeat(at: string, { ip, ip6 }: Attachment, declared: ReturnType<typeof network> | undefined): void {
  if (!declared) throw refuse(at, 'no such network in this file; one that is elsewhere is external: true')
  const configs = declared.ipam?.config ?? []
  for (const [key, text] of Object.entries(given({ ipv4_address: ip, ipv6_address: ip6 }))) {
    const address = parseAddress(text)
    const subnets = configs.map(({ subnet = '' }) => parseCidr(subnet)).filter((cidr) => cidr !== null && cidr.family === address?.family)
    const isOpen = subnets.length === 0 || subnets.some((cidr) => cidr?.value === 0n)
    if (!address || isOpen || subnets.some((cidr) => cidr && contains(cidr, address))) continue
    throw refuse(`${at}.${key}`, `${text} is in no subnet of this network`)
  }
}

const requestFor = (name: string, read: ReturnType<typeof network>, mine: Options): DeclaredNetwork => ({
  name,
  ...given({
    driver: read.driver,
    options: read.driver_opts,
    internal: read.internal,
    attachable: read.attachable,
    enableIPv4: read.enable_ipv4,
    enableIPv6: read.enable_ipv6,
    ipam: read.ipam,
  }),
  labels: { ...read.labels, ...mine },
})
