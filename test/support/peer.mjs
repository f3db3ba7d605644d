// One end of a conversation, run inside a namespace by traffic.ts.
//   node peer.mjs serve tcp|udp ADDRESS PORT   answers each caller with the address it sees; prints `ready`
//   node peer.mjs ask   tcp|udp ADDRESS PORT   prints the answer; exit 1 when none comes in time
//   node peer.mjs hold  ADDRESS PORT           keeps one connection and sends a byte each 20 ms; at SIGTERM prints SENT ECHOED
import { createSocket } from 'node:dgram'
import { connect, createServer, isIPv6 } from 'node:net'

const PATIENCE_MS = 2500
const [role, ...rest] = process.argv.slice(2)
const plain = (address) => address.replace(/^::ffff:/, '')

function give(answer) {
  process.stdout.write(`${answer}\n`, () => process.exit(0))
}

function fail(reason) {
  process.stderr.write(`${reason}\n`, () => process.exit(1))
}

if (role === 'serve') {
  const [protocol, address, port] = rest
  if (protocol === 'tcp') {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write(`${plain(socket.remoteAddress ?? '')}\n`)
      socket.on('data', (data) => socket.write(data))
    })
    server.listen(Number(port), address, () => console.log('ready'))
  } else {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    socket.on('message', (_, from) => socket.send(`${plain(from.address)}\n`, from.port, from.address))
    socket.bind(Number(port), address, () => console.log('ready'))
  }
} else if (role === 'ask') {
  const [protocol, address, port] = rest
  setTimeout(() => fail('no answer'), PATIENCE_MS)
  if (protocol === 'tcp') {
    const socket = connect(Number(port), address)
    socket.on('data', (data) => give(String(data).trim()))
    socket.on('error', (error) => fail(error.message))
  } else {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    socket.on('message', (data) => give(String(data).trim()))
    socket.on('error', (error) => fail(error.message))
    socket.send('hello', Number(port), address)
  }
} else if (role === 'hold') {
  const [address, port] = rest
  let sent = 0
  let echoed = -1 // The server's greeting is not an echo; it ends in the one newline.
  const socket = connect(Number(port), address, () => console.log('ready'))
  socket.setNoDelay(true)
  const beat = setInterval(() => socket.write('.', () => sent++), 20)
  socket.on('data', (data) => {
    const text = String(data)
    echoed = echoed < 0 ? text.length - text.indexOf('\n') - 1 : echoed + text.length
  })
  socket.on('error', (error) => fail(error.message))
  process.on('SIGTERM', () => {
    clearInterval(beat)
    const deadline = Date.now() + PATIENCE_MS
    setInterval(() => (echoed === sent || Date.now() > deadline) && give(`${sent} ${echoed}`), 10)
  })
}
