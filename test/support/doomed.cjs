// A controller whose process is killed at a step of VERB: the STEP-th, or the first of that name.
//   node doomed.cjs ROOT RUN NETNS STEP VERB-AS-JSON [MORE-OPTIONS-AS-JSON]
// VERB is one of the controller, or what an engine asks of it as its plugin: ["NetworkDriver.Join", {…}].
// Prints the name of the step, or 'survived' when there is no such step. Steps are what is carried out in the kernel, what is
// written to the store, and what a plugin is asked. The native binding is one object per process, a class of ours has one prototype: replacing their
// methods here kills from outside, at a point of our choice.
const { writeSync } = require('node:fs')
const { basename, join } = require('node:path')
const addon = require('../../native/load.cjs')
const { open } = require(join(__dirname, '../../dist/cjs/lib/index.js'))
const { PluginClient } = require(join(__dirname, '../../dist/cjs/lib/plugins/client.js'))
const { StateFile } = require(join(__dirname, '../../dist/cjs/lib/store/file.js'))

const [root, run, netns, step, verb, more = '{}'] = process.argv.slice(2)

let taken = 0

function take(name) {
  if (String(taken++) !== step && name !== step) return
  writeSync(1, name)
  process.kill(process.pid, 'SIGKILL')
}

/** One op at a time, and a step before the first and after each. */
function killInKernel() {
  const { apply } = addon
  addon.apply = async (namespaces, ops, job) => {
    take(`before ${ops[0]?.op}`)
    const outcome = { done: 0, ifindex: [] }
    for (const [index, op] of ops.entries()) {
      const { done, ifindex, refusal } = await apply(namespaces, [op], job)
      if (refusal) return { ...outcome, refusal: { ...refusal, op: index } }
      outcome.done += done
      outcome.ifindex.push(...ifindex)
      take(`after ${op.op}`)
    }
    return outcome
  }
}

/** A step after each record, and after each transaction: those of two files are not one. */
function killInStore() {
  const { put, delete: remove, transact } = StateFile.prototype
  const named = (method, word) =>
    function (key, value) {
      method.call(this, key, value)
      take(`${word} ${key.split('/')[0]}`)
    }
  StateFile.prototype.put = named(put, 'put')
  StateFile.prototype.delete = named(remove, 'delete')
  StateFile.prototype.transact = function (work) {
    const result = transact.call(this, work)
    take(`commit ${basename(this.path)}`)
    return result
  }
}

function killAtPlugin() {
  const { send } = PluginClient.prototype
  PluginClient.prototype.send = async function (method, ...rest) {
    take(`before ${method}`)
    const answer = await send.call(this, method, ...rest)
    take(`after ${method}`)
    return answer
  }
}

async function asked(cnm, method, payload) {
  const { pluginServer } = require(join(__dirname, '../../dist/cjs/lib/server/plugin/plugin.js'))
  const { statusCode, body } = await pluginServer(cnm, { network: 'bridge', ipam: 'default' }).inject({
    method: 'POST',
    url: `/${method}`,
    payload,
  })
  if (statusCode !== 200) throw new Error(`${method}: ${body}`)
}

async function main() {
  const cnm = await open({ root, run, netns, ...JSON.parse(more) })
  killInKernel()
  killInStore()
  killAtPlugin()
  const [name, ...args] = JSON.parse(verb)
  await (name.includes('.') ? asked(cnm, name, ...args) : cnm[name](...args))
  writeSync(1, 'survived')
}

main()
