// A controller whose process is killed at a step of VERB: the STEP-th, or the first of that name.
//   node doomed.cjs ROOT RUN NETNS STEP VERB-AS-JSON [MORE-OPTIONS-AS-JSON]
// VERB is one of the controller, or what an engine asks of it as its plugin: ["NetworkDriver.Join", {…}].
// Prints the name of the step, or 'survived' when there is no such step. Steps are what is carried out in the kernel, what is
// written to the store, and what a plugin is asked. The native binding is one object per process, a class of ours has one
// prototype: replacing their methods here kills from outside, at a point of our choice.
import { writeSync } from 'node:fs'
import { basename } from 'node:path'
import loaded from '#addon'
import type * as Binding from '../../binding.d.ts'
import { type Controller, open } from '../../lib/index.ts'
import { PluginClient } from '../../lib/plugins/client.ts'
import { StateFile } from '../../lib/store/file.ts'

const [root = '', runDirectory = '', netns = '', step = '', verb = '', more = '{}'] = process.argv.slice(2)

let taken = 0

function take(name: string): void {
  if (String(taken++) !== step && name !== step) return
  writeSync(1, name)
  process.kill(process.pid, 'SIGKILL')
}

/** One op at a time, and a step before the first and after each. */
function killInKernel(): void {
  const addon = loaded as { apply: typeof Binding.apply }
  const { apply } = addon
  addon.apply = async (namespaces, ops, job) => {
    take(`before ${ops[0]?.op}`)
    const outcome = { done: 0, ifindex: new Int32Array(ops.length), count: new Uint32Array(ops.length), refusal: null }
    for (const [index, op] of ops.entries()) {
      const { done, ifindex, count, refusal } = await apply(namespaces, [op], job)
      if (refusal) return { ...outcome, refusal: { ...refusal, op: index } }
      outcome.done += done
      outcome.ifindex.set(ifindex, index)
      outcome.count.set(count, index)
      take(`after ${op.op}`)
    }
    return outcome
  }
}

/** A step after each record, and after each transaction: those of two files are not one. */
function killInStore(): void {
  const { put, delete: remove, transact } = StateFile.prototype
  StateFile.prototype.put = function (key, value) {
    put.call(this, key, value)
    take(`put ${key.split('/')[0]}`)
  }
  StateFile.prototype.delete = function (key) {
    remove.call(this, key)
    take(`delete ${key.split('/')[0]}`)
  }
  StateFile.prototype.transact = function <T>(work: () => T): T {
    const result = transact.call(this, work) as T
    take(`commit ${basename(this.path)}`)
    return result
  }
}

function killAtPlugin(): void {
  const { send } = PluginClient.prototype
  PluginClient.prototype.send = async function (method, ...rest) {
    take(`before ${method}`)
    const answer = await send.call(this, method, ...rest)
    take(`after ${method}`)
    return answer
  }
}

async function asked(cnm: Controller, method: string, payload: object): Promise<void> {
  const { pluginServer } = await import('../../lib/server/plugin/plugin.ts')
  const { statusCode, body } = await pluginServer(cnm, { network: 'bridge', ipam: 'default' }).inject({
    method: 'POST',
    url: `/${method}`,
    payload,
  })
  if (statusCode !== 200) throw new Error(`${method}: ${body}`)
}

async function main(): Promise<void> {
  const cnm = await open({ root, run: runDirectory, netns, ...JSON.parse(more) })
  killInKernel()
  killInStore()
  killAtPlugin()
  const [name, ...args] = JSON.parse(verb)
  const verbs = cnm as unknown as Record<string, (...args: unknown[]) => unknown>
  await (name.includes('.') ? asked(cnm, name, args[0]) : verbs[name]?.(...args))
  writeSync(1, 'survived')
  // Not closed, as if killed now; at once, for what nobody holds any more may be collected, which is warned of.
  process.exit()
}

main()
