// Somebody at one place, run in its namespace by places.ts: node place.mjs NAME
// Answers callers at ports 80 and 81, tcp and udp, with its name and the address it sees. Reads one line of JSON after the other, a
// list of [KEY, PROTOCOL, ADDRESS, PORT]; calls all of them at once, and prints what came of each: {KEY: ANSWER}. Waits the longer
// for them the longer it takes to call itself.
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { connect, createServer, isIPv6 } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'

const PORTS = [80, 81]
/** As long as two attempts of TCP take. */
const PATIENCE_MS = 2000
/** As often as a call to ourselves takes: others may have more to do yet. */
const SLOWER = 3
const LONGEST_S = 60
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
  const child = execFile('ping', ['-n', '-c', '1', '-w', String(LONGEST_S), address], (error) => answer(error ? NOTHING : 'answers'))
  return () => child.kill()
}

const CALLS = { tcp, udp, icmp }

const OURSELVES = [
  ['', 'icmp', '127.0.0.1'],
  ['', 'tcp', '127.0.0.1', 80],
]

/** `late`: when nothing more is waited for. */
const call = ([key, protocol, address, port], late) =>
  new Promise((resolve) => {
    let hangUp = () => {}
    const settle = (answer) => {
      hangUp()
      hangUp = () => {}
      resolve([key, answer])
    }
    late.then(() => settle(NOTHING))
    hangUp = CALLS[protocol](address, port, settle)
  })

/** Ends when no answer is worth waiting for any more; calls itself behind all others. */
async function wait() {
  const began = performance.now()
  await turn()
  const never = pause(1000 * LONGEST_S, undefined, { ref: false })
  await Promise.all(OURSELVES.map((one) => call(one, never)))
  await pause(PATIENCE_MS + SLOWER * (performance.now() - began), undefined, { ref: false })
}

async function callAll(calls) {
  const late = wait()
  return Object.fromEntries(await Promise.all(calls.map((one) => call(one, late))))
}

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
  console.log(JSON.stringify(await callAll(JSON.parse(line))))
}
process.exit()
