// The Docker Engine API with many networks there: what a list and an inspect cost, beside dockerd with as many. Configuration-only
// networks, which cost neither daemon any links. One connection each, kept open, as an SDK does.
import { Agent, request } from 'node:http'
import { daemon } from './daemon.mjs'
import { contest, timed, withBench } from './harness.mjs'
import { dockerd } from './peers.mjs'

const NETWORKS = 1_000

/** A client of one daemon; what it gets is read to its end. */
function clientOf(socketPath) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const call = (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = body && JSON.stringify(body)
      const headers = text ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } : {}
      const asked = request({ socketPath, agent, method, path: `/v1.41${path}`, headers }, async (answer) => {
        let length = 0
        for await (const part of answer) length += part.length
        if (answer.statusCode >= 400) reject(new Error(`${method} ${path}: ${answer.statusCode}`))
        else resolve(length)
      })
      asked.once('error', reject).end(text)
    })
  return { call, end: () => agent.destroy() }
}

async function fill({ call }) {
  for (let n = 0; n < NETWORKS; n++) {
    const Config = [{ Subnet: `10.${n >> 8}.${n & 255}.0/24` }]
    await call('POST', '/networks/create', { Name: `n${n}`, ConfigOnly: true, IPAM: { Config }, Labels: { number: String(n) } })
  }
}

const asks =
  ({ call }) =>
  async () => ({
    ls: await timed(() => call('GET', '/networks')),
    'ls --filter': await timed(() => call('GET', '/networks?filters={"label":["number=500"]}')),
    inspect: await timed(() => call('GET', '/networks/n500')),
  })

export const engine = () =>
  withBench(async (bench) => {
    const daemons = { libcnm: await daemon(bench), dockerd: await dockerd(bench) }
    const clients = Object.entries(daemons).map(([name, one]) => [name, one && clientOf(one.socket)])
    try {
      for (const [, client] of clients) if (client) await fill(client)
      const contenders = Object.fromEntries(clients.map(([name, client]) => [name, client && asks(client)]))
      return await contest({ bench: `${NETWORKS} networks`, rounds: 15, warmUp: 3, contenders })
    } finally {
      for (const [, client] of clients) client?.end()
      for (const one of Object.values(daemons)) await one?.end()
    }
  })
