import { createHash } from 'node:crypto'
import { shortId } from '../model/ids.ts'
import type { Located } from '../plugins/discovery.ts'
import type { Activated } from '../plugins/plugins.ts'
import type { Listing } from './format/rows.ts'
import { Row } from './format/value.ts'

/** A plugin that was looked for: where it is, and what it said of itself. */
export interface Seen {
  readonly name: string
  readonly located: Located
  /** Or why it said nothing. */
  readonly said: Activated | Error
}

/** How `plugin ls` shows plugins; names as in Docker's templates, and Address. */
export const PLUGINS: Listing = {
  headers: { ID: 'ID', Name: 'NAME', Description: 'DESCRIPTION', Enabled: 'ENABLED', Address: 'ADDRESS' },
  columns: ['ID', 'Name', 'Description', 'Enabled'],
  raw: 'plugin_id: {{.ID}}\nname: {{.Name}}\ndescription: {{.Description}}\nenabled: {{.Enabled}}\n',
  quietRaw: 'plugin_id: {{.ID}}',
}

/** Nobody gave it one: it is that of its place. */
const idOf = ({ address }: Located): string => createHash('sha256').update(address).digest('hex')

const describe = (said: Seen['said']): string => (said instanceof Error ? said.message : said.implements.join(', ') || 'nothing')

export const pluginRow = ({ name, located, said }: Seen, trunc: boolean): Row =>
  new Row('*plugin.pluginContext', {
    ID: trunc ? shortId(idOf(located)) : idOf(located),
    Name: name,
    // It is other people's, and one row.
    Description: describe(said).replace(/\p{Cc}+/gu, ' '),
    Enabled: String(!(said instanceof Error)),
    Address: located.address,
  })

/** Docker's types.Plugin as far as it goes, and what the plugin is able to. */
export function pluginJson({ name, located, said }: Seen): object {
  const { address, tls } = located
  const activated = said instanceof Error ? undefined : said
  const types = (activated?.implements ?? []).map((each) => ({ Capability: each.toLowerCase(), Prefix: 'docker', Version: '1.0' }))
  return {
    Config: { Description: describe(said), Interface: { Socket: address, Types: types } },
    Enabled: activated !== undefined,
    Id: idOf(located),
    Name: name,
    TLS: tls ? { CAFile: tls.ca ?? '', CertFile: tls.cert ?? '', KeyFile: tls.key ?? '', InsecureSkipVerify: tls.trustAnybody } : null,
    Capabilities: { NetworkDriver: networkJson(activated?.network), IpamDriver: ipamJson(activated?.ipam) },
  }
}

const networkJson = (said: Activated['network']): object | null =>
  said ? { Scope: said.scope, ConnectivityScope: said.connectivityScope, GwAllocChecker: said.gwAllocChecker } : null

const ipamJson = (said: Activated['ipam']): object | null =>
  said
    ? {
        RequiresMACAddress: said.requiresMACAddress,
        RequiresRequestReplay: said.requiresRequestReplay,
        LocalDefaultAddressSpace: said.spaces.local,
        GlobalDefaultAddressSpace: said.spaces.global,
      }
    : null
