import { type Static, Type as T } from '@sinclair/typebox'
import { fault } from '../../model/errors.ts'
import { type Call, type Route, route } from '../engine/route.ts'
import { headersOf } from '../engine/system.ts'
import { checked } from './checked.ts'
import { Exactly } from './wire.ts'

/** What native/client was called with. */
const Asked = Exactly({
  argv: T.Array(T.String()),
  /** Of its environment, what cnm knows. */
  env: T.Record(T.String(), T.String()),
  cwd: T.String({ minLength: 1 }),
  /** Its standard error is a terminal. */
  tty: T.Boolean(),
})

/** A command line that somebody else's program has brought. */
export interface Errand extends Static<typeof Asked> {
  /** The socket through which it came. */
  readonly socket: string
  /** Aborted when the other program is gone. */
  readonly signal: AbortSignal
  /** From here on it is not declined any more, and may print. */
  takeUp(): void
  out(text: string): void
  err(text: string): void
}

/** Does it and resolves with its exit code; undefined: it is declined, and nothing was done. */
export type Errands = (errand: Errand) => Promise<number | undefined>

/** POST /cnm/v1/cli: 200 and frames, or a refusal: then it is to be done where it was typed. */
export const errandRoutes: readonly Route[] = [route('POST /cnm/v1/cli', perform)]

/** What a frame is of; as Docker has it where several streams share a connection, and the exit code. */
const [END, OUT, ERR] = [0, 1, 2]

async function perform({ body, signal, reply, release, socket, errands }: Call): Promise<undefined> {
  const asked = checked(Asked, body)
  signal.throwIfAborted()
  const client = reply.raw
  const say = (stream: number, bytes: Buffer) => void (client.destroyed || client.write(frame(stream, bytes)))
  const takeUp = () => {
    reply.hijack()
    client.writeHead(200, { ...headersOf(release), 'Content-Type': 'application/octet-stream' })
    // It is to know this before anything is done: whoever has not heard does it again.
    client.flushHeaders()
  }
  try {
    const errand = {
      ...asked,
      signal,
      takeUp,
      out: (text: string) => say(OUT, Buffer.from(text)),
      err: (text: string) => say(ERR, Buffer.from(text)),
    }
    const code = socket === undefined ? undefined : await errands?.({ ...errand, socket })
    if (code === undefined) throw fault('ERRAND_DECLINED', {})
    say(END, Buffer.of(code))
  } finally {
    // Nor is it to wait when that failed as nobody expected.
    if (client.headersSent) client.end()
  }
  return undefined
}

function frame(stream: number, bytes: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt8(stream)
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}
