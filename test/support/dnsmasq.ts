import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { start } from './run.ts'

export interface DhcpServer extends AsyncDisposable {
  /** MAC → IP of what is lent. */
  leases(): Readonly<Record<string, string>>
  /** The same of DHCPv6, by address. */
  leases6(): readonly Leased6[]
  /** Lines of its log so far. */
  log(): string
}

export interface Leased6 {
  readonly address: string
  readonly iaid: string
  readonly duid: string
}

/** A real DHCP server on a link in `netns`. It pings nobody before it offers an address; its leases are the shortest it has, 2 min. */
export async function dnsmasq(
  netns: string,
  { link, range, more = [] }: { link: string; range: string; more?: readonly string[] },
): Promise<DhcpServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cnm-dnsmasq-'))
  writeFileSync(join(folder, 'leases'), '')
  const file = (name: string): string => join(folder, name)
  const options = [
    '--conf-file=/dev/null',
    '--keep-in-foreground',
    '--user=root',
    '--port=0',
    '--bind-interfaces',
    `--interface=${link}`,
    `--dhcp-range=${range},2m`,
    `--dhcp-leasefile=${file('leases')}`,
    `--pid-file=${file('pid')}`,
    '--no-ping',
    '--log-facility=-',
    ...more,
  ]
  // It says that it has started, and goes on to log, on standard error.
  const server = await start(['sh', '-c', `exec dnsmasq ${options.join(' ')} 2>&1`], { netns })
  let log = ''
  server.child.stdout?.on('data', (data) => (log += data))
  const lent = () =>
    readFileSync(file('leases'), 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
  return {
    leases: () => Object.fromEntries(lent().flatMap(([, mac = '', ip = '']) => (ip.includes('.') ? [[mac, ip]] : []))),
    leases6: () =>
      lent()
        .flatMap(([, iaid = '', address = '', , duid = '']) => (address.includes(':') ? [{ address, iaid, duid }] : []))
        .toSorted((a, b) => (a.address < b.address ? -1 : 1)),
    log: () => log,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
