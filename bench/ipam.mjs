// What an address costs: the built-in IPAM alone, asked as the controller asks it, in text. Nothing of the kernel.
import { createDefaultIpam } from '../dist/esm/lib/ipam/default.js'

const ADDRESSES = 500_000
const NETWORKS = 8_223
const ROUNDS = 7
const json = process.argv.includes('--json')

const ANY = { space: 'LocalDefault', pool: '', subPool: '', options: {}, v6: false, reserved: [] }
const poolOf = (pool, subPool = '') => {
  const ipam = createDefaultIpam()
  return { ipam, id: ipam.requestPool({ ...ANY, pool, subPool }).id }
}

function give({ ipam, id }, count) {
  for (let i = 0; i < count; i++) ipam.requestAddress(id, '', {})
}
const filled = ({ ipam, id }, count) => Array.from({ length: count }, () => ipam.requestAddress(id, '', {}).split('/')[0])

/** Each answers with work to be timed, and how often it does the thing. */
const benches = {
  'give, /8': () => {
    const pool = poolOf('10.0.0.0/8')
    return [() => give(pool, ADDRESSES), ADDRESSES]
  },
  'give, /64': () => {
    const pool = poolOf('fd00::/64')
    return [() => give(pool, ADDRESSES), ADDRESSES]
  },
  'give, every other of a /16 held': () => {
    const pool = poolOf('10.1.0.0/16')
    const given = filled(pool, 65_534)
    const free = given.filter((_, i) => i % 2 === 0)
    for (const ip of free) pool.ipam.releaseAddress(pool.id, ip)
    return [() => give(pool, free.length), free.length]
  },
  'ask by value, /8': () => {
    const pool = poolOf('10.0.0.0/8')
    const texts = filled(poolOf('10.0.0.0/8'), ADDRESSES)
    return [() => texts.forEach((ip) => pool.ipam.requestAddress(pool.id, ip, {})), ADDRESSES]
  },
  'release, /8': () => {
    const pool = poolOf('10.0.0.0/8')
    const texts = filled(pool, ADDRESSES)
    return [() => texts.forEach((ip) => pool.ipam.releaseAddress(pool.id, ip)), ADDRESSES]
  },
  'automatic subnet': () => {
    const ipam = createDefaultIpam()
    return [() => Array.from({ length: NETWORKS }, () => ipam.requestPool(ANY)), NETWORKS]
  },
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

const perSecond = Object.fromEntries(Object.keys(benches).map((name) => [name, []]))
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, prepare] of Object.entries(benches)) {
    const [work, count] = prepare()
    const start = performance.now()
    work()
    const rate = (count / (performance.now() - start)) * 1000
    if (round > 0) perSecond[name].push(rate)
  }
}
const results = Object.entries(perSecond).map(([bench, rates]) => ({
  bench,
  perSecond: median(rates),
  spread: [Math.min(...rates), Math.max(...rates)],
}))
if (json) console.log(JSON.stringify(results, null, 2))
else {
  const show = (rate) => (rate / 1e6).toFixed(2)
  console.log(`${'ipam'.padEnd(34)}million/s   min–max    (medians of ${ROUNDS})`)
  for (const { bench, perSecond, spread } of results)
    console.log(`${bench.padEnd(34)}${show(perSecond).padStart(9)}   ${spread.map(show).join('–')}`)
}
