// Somebody at one place, run in its namespace by places.ts: node place.mjs NAME
// Answers callers at ports 80 and 81, tcp and udp, with its name and the address it sees. Reads one line of JSON after the other, a
// list of [KEY, PROTOCOL, ADDRESS, PORT]; calls all of them at once, and prints what came of each: {KEY: ANSWER}.
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { connect, createServer, isIPv6 } from 'node:net'
import { createInterface } from 'node:readline'

const PORTS = [80, 81]
/** As long as two attempts of TCP take. */
const PATIENCE_MS = 2000
const NOTHING = 'no answer'
/** Whether one is told that nobody is there, or nothing at all, may be a matter of moments. */
const SAYINGS = { ECONNREFUSED: 'refused', EHOSTUNREACH: NOTHING, ENETUNREACH: NOTHING, EADDRNOTAVAIL: NOTHING }
const name = process.argv[2]
const greet = (address) => `${name} sees ${address.replace(/^::ffff:/, '')}`

function tcp(address, port, answer) {
  const socket = connect(port, address)
  socket.on('data', (data) => answer(String(data)))
  socket.on('end', () => answer('closed'))
  socket.on('error', ({ code }) => answer(SAYINGS[code] ?? code))
  return () => socket.destroy()
}

function udp(address, port, answer) {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  socket.on('message', (data) => answer(String(data)))
  socket.on('error', ({ code }) => answer(SAYINGS[code] ?? code))
  // Connected, it is told of refusals.
  socket.connect(port, address, (error) => error || socket.send('hello'))
  return () => socket.close()
}

function icmp(address, _, answer) {
  const child = execFile('ping', ['-n', '-c', '2', '-i', '1', '-W', '1', address], (error) => answer(error ? NOTHING : 'answers'))
  return () => child.kill()
}

const CALLS = { tcp, udp, icmp }

const call = ([key, protocol, address, port]) =>
  new Promise((resolve) => {
    let hangUp = () => {}
    const settle = (answer) => {
      clearTimeout(patience)
      hangUp()
      hangUp = () => {}
      resolve([key, answer])
    }
    const patience = setTimeout(settle, PATIENCE_MS, NOTHING)
    hangUp = CALLS[protocol](address, port, settle)
  })

async function listen(port) {
  const server = createServer((socket) => socket.on('error', () => {}).end(greet(socket.remoteAddress ?? '')))
  const socket = createSocket('udp6')
  socket.on('message', (_, from) => socket.send(greet(from.address), from.port, from.address))
  await Promise.all([
    new Promise((resolve) => server.listen(port, '::', resolve)),
    new Promise((resolve) => socket.bind(port, '::', resolve)),
  ])
}

await Promise.all(PORTS.map(listen))
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(Object.fromEntries(await Promise.all(JSON.parse(line).map(call)))))
}
process.exit()
