// A controller whose process is killed when the kernel has carried out STEP ops of the first plan of VERB.
//   node doomed.cjs ROOT RUN NETNS STEP VERB-AS-JSON
// The native binding is one object per process: replacing its apply() here kills from outside, at a point of our choice.
const path = require('node:path')
const addon = require('../../native/load.cjs')
const { open } = require(path.join(__dirname, '../../dist/cjs/lib/index.js'))

const [root, run, netns, step, verb] = process.argv.slice(2)

async function main() {
  const cnm = await open({ root, run, netns })
  const apply = addon.apply
  addon.apply = async (namespaces, ops, job) => {
    await apply(namespaces, ops.slice(0, Number(step)), job)
    process.stdout.write(`${ops.length}\n`, () => process.kill(process.pid, 'SIGKILL'))
    await new Promise(() => setInterval(() => {}, 1000))
  }
  const [name, ...args] = JSON.parse(verb)
  await cnm[name](...args)
}

main()
