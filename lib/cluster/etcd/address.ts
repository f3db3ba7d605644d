import { fault } from '../../model/errors.ts'

export interface EngineAddress {
  readonly members: readonly { readonly host: string; readonly port: number }[]
  /** Of all keys: '/cnm'. */
  readonly prefix: string
}

const PORT = 2379

/** 'etcd://10.99.0.2,[fd00::3]:2379/cnm': members, and the prefix of all keys. Throws ENGINE_INVALID. */
export function parseEngine(text: string): EngineAddress {
  const [, hosts = '', path = ''] = /^etcd:\/\/([^/]+)(\/[\w./-]*)?$/.exec(text) ?? []
  const members = hosts.split(',').map((host) => memberOf(host))
  if (hosts === '' || members.includes(null)) throw fault('ENGINE_INVALID', { engine: text })
  return { members: members.filter((member) => member !== null), prefix: path.replace(/\/+$/, '') || '/cnm' }
}

function memberOf(text: string): EngineAddress['members'][number] | null {
  const [, six, name, port] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = six ?? name
  const number = port === undefined ? PORT : Number(port)
  return host === undefined || number === 0 || number > 65_535 ? null : { host, port: number }
}

export const formatMember = ({ host, port }: EngineAddress['members'][number]): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
