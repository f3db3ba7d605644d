// Run by run.test.ts: prints `ready`, then how many SIGINT came within half a second of the first.
let heard = 0
process.on('SIGINT', () => {
  heard++
  setTimeout(() => {
    console.log(`heard ${heard}`)
    process.exit(0)
  }, 500)
})
setTimeout(() => {}, 10_000)
console.log('ready')
