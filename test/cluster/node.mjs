// A node in a process of its own. Each line that it reads is a call of the controller, each line that it prints an answer.
// Arguments: state directory, run directory.
import { createInterface } from 'node:readline'
import { open } from '../../dist/esm/lib/index.js'
import { segment, Told } from './segment.mjs'

const [root, run] = process.argv.slice(2)
const told = new Told()
const cnm = await open({ root, run, drivers: [segment], peers: told })
process.on('warning', () => {})

const OWN = { told: (network) => told.on(network), withdrawn: () => told.withdrawn }

const say = (value) => process.stdout.write(`${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? Number(part) : part))}\n`)

async function answer({ id, verb, args }) {
  try {
    say({ id, value: (await (OWN[verb] ?? cnm[verb].bind(cnm))(...args)) ?? null })
  } catch ({ code, message }) {
    say({ id, code, message })
  }
}

say('ready')
for await (const line of createInterface({ input: process.stdin })) void answer(JSON.parse(line))
