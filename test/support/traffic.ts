import { isIPv6 } from 'node:net'
import { PEER } from './built.ts'
import { must, type Ran, runAsync, start } from './run.ts'

/** The command that ends with the first answer, or after so many seconds. */
export const pinging = (address: string, seconds: number, flags: readonly string[] = []): readonly string[] => {
  const family = isIPv6(address) ? '-6' : '-4'
  return ['ping', family, '-c', '1', '-w', String(seconds), '-i', '0.4', '-n', ...flags, address]
}

/** Throws what ping said where it was not answered. */
export function answered(what: string, { status, stdout, stderr }: Ran): true {
  if (status !== 0) throw new Error(`${what}: ${stdout}${stderr}`)
  return true
}

/** True when one of the echo requests that go from `netns` to `address` for two seconds is answered. */
export async function pings(netns: string, address: string): Promise<boolean> {
  return (await runAsync(pinging(address, 2), { netns })).status === 0
}

/** The same for who has to be answered, on a machine that may have much else to do; what ping says otherwise is thrown. */
export async function reaches(netns: string, address: string): Promise<true> {
  return answered(`${address} from ${netns}`, await runAsync(pinging(address, 10), { netns }))
}

/** A packet of exactly `size` bytes, which may not be taken apart, gets there and back. */
export async function passes(netns: string, address: string, size: number): Promise<boolean> {
  const headers = isIPv6(address) ? 48 : 28
  const { status } = await runAsync(['ping', '-M', 'do', '-s', String(size - headers), '-c', '1', '-w', '2', '-n', address], { netns })
  return status === 0
}

export type Transport = 'tcp' | 'udp'

/** A server in `netns` that answers each caller with the address it sees. */
export const serve = (netns: string, transport: Transport, address: string, port: number) =>
  start([PEER, 'serve', transport, address, String(port)], { netns })

/** What the server answered: the address it saw us by. null when nothing answered. */
export async function ask(netns: string, transport: Transport, address: string, port: number): Promise<string | null> {
  const { status, stdout } = await runAsync([PEER, 'ask', transport, address, String(port)], { netns })
  return status === 0 ? stdout.trim() : null
}

/** Keeps a TCP connection busy; `end()` answers how many bytes were sent, and how many came back. */
export async function hold(
  netns: string,
  address: string,
  port: number,
): Promise<{ end(): Promise<{ sent: number; echoed: number }> } & AsyncDisposable> {
  const held = await start([PEER, 'hold', address, String(port)], { netns })
  return {
    async end() {
      const answer = new Promise<string>((resolve) => held.child.stdout?.once('data', (data) => resolve(String(data))))
      held.child.kill('SIGTERM')
      const [sent, echoed] = (await answer).split(' ').map(Number)
      return { sent: sent ?? 0, echoed: echoed ?? 0 }
    },
    [Symbol.asyncDispose]: held[Symbol.asyncDispose],
  }
}

/**
 * TCP segments that did not arrive from a namespace since it was made: those that it sent again, but for what the other end then had
 * twice. On a busy machine an answer may be so late that TCP thinks of a loss.
 */
export const lost = (netns: string): number =>
  counter(netns, 'snmp', 'Tcp', 'RetransSegs') - counter(netns, 'netstat', 'TcpExt', 'TCPDSACKRecv')

function counter(netns: string, file: string, group: string, name: string): number {
  const [names = '', values = ''] = must(['cat', `/proc/net/${file}`], { netns })
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
  return Number(values.split(' ')[names.split(' ').indexOf(name)])
}
