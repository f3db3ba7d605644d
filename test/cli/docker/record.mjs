// What the real docker CLI prints: node test/cli/docker/record.mjs, with `docker` in the PATH and dist/ built. The daemon it
// speaks to is this program, which answers with the networks of host.json; so the same networks can be given to `cnm`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { networkToEngine } from '../../../dist/esm/lib/model/engine.js'

const here = (name) => new URL(name, import.meta.url)
const { networks, sandboxes, endpoints } = JSON.parse(readFileSync(here('host.json'), 'utf8'))
const lines = JSON.parse(readFileSync(here('lines.json'), 'utf8'))

const guests = ({ id }) =>
  endpoints
    .filter(({ networkId }) => networkId === id)
    .map((endpoint) => ({ endpoint, sandbox: sandboxes.find((sandbox) => sandbox.id === endpoint.sandboxId) }))
const engine = networks.map((network) => networkToEngine(network, guests(network)))
const missing = (name) => [404, { message: `network ${name} not found` }]

function answer(method, path) {
  const [, name] = /^\/v[\d.]+\/networks\/([^/?]+)$/.exec(path) ?? []
  const found = engine.find(({ Name, Id }) => Name === name || Id === name)
  if (/\/(create|connect|disconnect)$/.test(path)) return path.endsWith('create') ? [201, { Id: 'f00d', Warning: '' }] : [200, '']
  if (path.endsWith('/_ping')) return [200, 'OK']
  if (path.includes('/networks/prune')) return [200, { NetworksDeleted: ['web2', 'web10'] }]
  if (/\/networks(\?.*)?$/.test(path)) return [200, engine.map(({ Containers, ...summary }) => ({ ...summary, Containers: {} }))]
  if (path.includes('/events')) return [200, readFileSync(here('events.jsonl'), 'utf8')]
  if (name !== undefined && !found) return missing(name)
  if (method === 'DELETE') return [204, '']
  return found ? [200, found] : [404, { message: 'page not found' }]
}

const folder = mkdtempSync(join(tmpdir(), 'docker-cli-'))
const socket = join(folder, 'docker.sock')
let asked
const server = createServer(async (request, response) => {
  let sent = ''
  for await (const text of request) sent += text
  if (sent !== '') asked = JSON.parse(sent)
  const [status, body] = answer(request.method, request.url)
  response.writeHead(status, { 'Api-Version': '1.50', 'Content-Type': 'application/json' })
  response.end(request.method === 'HEAD' ? '' : typeof body === 'string' ? body : JSON.stringify(body))
})
await new Promise((resolve) => server.listen(socket, resolve))

function docker(argv, input = '') {
  const env = { PATH: process.env.PATH, HOME: folder, TZ: 'UTC', DOCKER_HOST: `unix://${socket}` }
  const child = spawn('docker', argv, { env })
  asked = undefined
  const ran = { argv, input, status: 0, stdout: '', stderr: '' }
  child.stdout.on('data', (text) => (ran.stdout += text))
  child.stderr.on('data', (text) => (ran.stderr += text))
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (status) => resolve({ ...ran, status, asked })))
}

const ran = []
for (const { argv, input } of lines) ran.push(await docker(argv, input))
const version = (await docker(['--version'])).stdout.trim()
writeFileSync(here('answers.json'), `${JSON.stringify({ version, ran }, null, 2)}\n`)
server.close()
rmSync(folder, { recursive: true })
