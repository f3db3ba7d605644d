import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Controller } from '../../lib/controller/controller.ts'
import { fault } from '../../lib/model/errors.ts'
import type { Endpoint, Network, Sandbox } from '../../lib/model/network.ts'
import { play } from './play.ts'

interface Host {
  readonly networks: readonly Network[]
  readonly sandboxes: readonly Sandbox[]
  readonly endpoints: readonly Endpoint[]
}
interface Answer {
  readonly argv: readonly string[]
  readonly input: string
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const read = (name: string): string => readFileSync(new URL(`docker/${name}`, import.meta.url), 'utf8')
const { networks, sandboxes, endpoints }: Host = JSON.parse(read('host.json'))
const { version, ran }: { version: string; ran: readonly Answer[] } = JSON.parse(read('answers.json'))

/** What docker was shown, as a controller. */
const cnm = {
  networks: () => networks,
  network: find,
  removeNetwork: async (name: string) => find(name),
  pruneNetworks: async () => [find('web2'), find('web10')],
  guests: (id: string) =>
    endpoints
      .filter(({ networkId }) => networkId === id)
      .map((endpoint) => ({ endpoint, sandbox: sandboxes.find((sandbox) => sandbox.id === endpoint.sandboxId) })),
  close: async () => {},
} as unknown as Controller

function find(ref: string): Network {
  const found = networks.find(({ name, id }) => name === ref || id === ref)
  if (!found) throw fault('NETWORK_NOT_FOUND', { name: ref })
  return found
}

const run = mkdtempSync(join(tmpdir(), 'cnm-docker-'))
beforeAll(() => {
  process.env['TZ'] = 'UTC'
  const events = read('events.jsonl').trim().split('\n')
  const ours = events.map((text) => {
    const { Action: action, Actor: actor } = JSON.parse(text)
    const time = Number(/"timeNano":(\d+)000\}/.exec(text)?.[1])
    return JSON.stringify({ action, id: actor.ID, attributes: actor.Attributes, time })
  })
  writeFileSync(join(run, 'events.jsonl'), `${ours.join('\n')}\n`)
})
afterAll(() => rmSync(run, { recursive: true }))

/** The sentence alone: Docker says that a daemon told it, we say the way out. */
const sentence = (stderr: string): string =>
  stderr
    .replace(/^Error response from daemon: /, '')
    .replace(/\nexit status \d+\n$/, '\n')
    .replace(/\nhint: .*\n$/, '\n')

describe(`as ${version} prints the same networks:`, () => {
  it.each(ran.map((answer) => [answer.argv.map((word) => JSON.stringify(word)).join(' '), answer] as const))(
    '%s',
    async (_, { argv, input, status, stdout, stderr }) => {
      const ours = await play(argv, { open: async () => cnm, env: { CNM_RUN: run }, input })
      expect({ ...ours, stderr: sentence(ours.stderr), status: ours.status === 0 }).toEqual({
        stdout,
        stderr: sentence(stderr),
        status: status === 0,
      })
    },
  )
})
