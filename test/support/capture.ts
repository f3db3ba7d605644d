import { start } from './run.ts'

/**
 * The frames, in hex, that come in on `link` in `netns` and pass `filter` (pcap-filter(7)): those that `act` causes, and no
 * more than `count`, for which it waits.
 */
export async function capture(
  netns: string,
  { link, filter, count }: { link: string; filter: string; count: number },
  act: () => unknown,
): Promise<readonly string[]> {
  const command = `exec tcpdump -i ${link} -Q in -n -l --immediate-mode -v -xx -c ${count} '${filter}' 2>&1`
  // Its first line says that it listens.
  await using tcpdump = await start(['sh', '-c', command], { netns })
  const { stdout } = tcpdump.child
  let text = ''
  const ended = new Promise((resolve) => stdout?.on('data', (data) => (text += data)).once('end', resolve))
  await act()
  await ended
  return framesIn(text)
}

/** Each frame is a line of its own with the hex dump indented below; an ICMPv6 option's hex dump stands in between, twice as deep. */
const framesIn = (text: string): readonly string[] =>
  text
    .split(/^\t0x0000: /m)
    .slice(1)
    .map((dump) => {
      const lines = `\t0x0000: ${dump}`.split('\n')
      return lines
        .flatMap((line) => /^\t0x[0-9a-f]{4}: {2}(.*)$/.exec(line)?.[1] ?? [])
        .join('')
        .replaceAll(' ', '')
    })
