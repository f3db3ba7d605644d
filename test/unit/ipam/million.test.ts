import { describe, expect, it } from 'vitest'
import { createDefaultIpam, type DefaultIpam } from '../../../lib/ipam/default.ts'
import { GATEWAY_REQUEST } from '../../../lib/ipam/driver.ts'
import { CnmError } from '../../../lib/model/errors.ts'
import { seeded } from '../../support/random.ts'
import { cidrOf, ipOf, Model, PREDEFINED, type Span, WORLD } from './model.ts'

const OPERATIONS = 250_000
const DURATION = 50

/** The built-in IPAM beside its model: what one answers, the other has to have foreseen. */
class Pair {
  readonly model = new Model(DURATION)
  readonly #random: (below: number) => number
  readonly #options = {
    pools: { local: PREDEFINED },
    lastGiven: new Map<string, string>(),
    quarantine: { clock: () => this.model.now, duration: DURATION, notes: new Map<string, number>() },
  }
  #ipam: DefaultIpam = createDefaultIpam(this.#options)
  readonly #pools: string[] = []
  #trail: string[] = []

  constructor(random: (below: number) => number) {
    this.#random = random
  }

  step(): void {
    const choice = this.#random(1_000)
    if (choice < 12 || this.#pools.length === 0) this.#claim()
    else if (choice < 16) this.#releasePool()
    else if (choice < 17) this.#restart()
    else if (choice < 60) this.model.now += this.#random(40)
    else this.#address(this.#pick(this.#pools), choice)
  }

  #address(id: string, choice: number): void {
    const { v6, first, size } = this.model.tenantOf(id)
    const n = first + this.#random(size)
    const answer = (given: number | string) => (typeof given === 'number' ? ipOf(v6, given) : given)
    const ask = (text: string, kind: Readonly<Record<string, string>>) =>
      attempt(() => this.#ipam.requestAddress(id, text, kind).replace(/\/\d+$/, ''))
    if (choice < 400) this.#same(`${id} any`, ask('', {}), answer(this.model.takeNext(id, false)))
    else if (choice < 420) this.#same(`${id} gateway`, ask('', GATEWAY_REQUEST), answer(this.model.takeNext(id, true)))
    else if (choice < 550) this.#same(`${id} take ${n}`, ask(ipOf(v6, n), {}), answer(this.model.take(id, n)))
    else if (choice < 960) {
      const unused = this.#random(4) === 0
      this.#ipam.releaseAddress(id, ipOf(v6, n), unused)
      this.model.release(id, n, unused)
      this.#trail.push(`${id} release ${n} ${unused ? 'unused' : ''}`)
    } else {
      const { inUse, available } = this.#ipam.usage(id)
      this.#same(`${id} usage`, `${inUse} ${available}`, this.model.usage(id).join(' '))
    }
  }

  #claim(): void {
    const v6 = this.#random(2) === 1
    const size = 2 ** this.#random(7)
    const avoid = this.#span(WORLD, 2 ** this.#random(6))
    const reserved = [{ prefix: cidrOf(v6, avoid), by: '' }]
    const request = (pool: string, subPool = '') =>
      attempt(() => this.#ipam.requestPool({ space: 'LocalDefault', pool, subPool, options: {}, v6, reserved }).id)
    const bits = v6 ? 128 : 32
    const way = this.#random(4)
    const subnet = this.#span(WORLD, size)
    const part = { first: subnet.first, size: Math.max(1, size / 4) }
    const [real, model] =
      way === 0
        ? [request(''), this.model.claimVacant(v6, avoid)]
        : way === 1
          ? [request(`${v6 ? '::' : '0.0.0.0'}/${bits - Math.log2(size)}`), this.model.claimVacant(v6, avoid, size)]
          : way === 2
            ? [request(cidrOf(v6, subnet)), this.model.claim(v6, subnet)]
            : [request(cidrOf(v6, subnet), cidrOf(v6, part)), this.model.claim(v6, subnet, part)]
    this.#same(`claim ${way} ${cidrOf(v6, subnet)}`, real, model)
    if (model.includes('/')) this.#pools.push(model)
  }

  #releasePool(): void {
    const id = this.#pick(this.#pools)
    this.#ipam.releasePool(id)
    this.model.releasePool(id)
    this.#pools.splice(this.#pools.indexOf(id), 1)
    this.#trail.push(`release ${id}`)
  }

  /** Another process: it is told what is held, the last of it first. */
  #restart(): void {
    this.#ipam = createDefaultIpam(this.#options)
    for (const id of [...this.#pools].reverse()) {
      const [, net = '', bits = '', part, partBits] = id.split('/')
      const { v6, first, size, cells, pools } = this.model.tenantOf(id)
      const again = { space: 'LocalDefault', pool: `${net}/${bits}`, subPool: part ? `${part}/${partBits}` : '', options: {}, v6 }
      this.#ipam.requestPool({ ...again, reserved: [] })
      if ([...pools.keys()].at(-1) !== id) continue
      for (let n = first + size - 1; n >= first; n--) {
        if (cells[n - first] === 'held') attempt(() => this.#ipam.requestAddress(id, ipOf(v6, n), {}))
      }
    }
    this.#trail.push('restart')
  }

  #same(what: string, real: string, model: string): void {
    this.#trail.push(`${what}: ${model}`)
    if (this.#trail.length > 2_000) this.#trail = this.#trail.slice(-30)
    if (real !== model) expect.fail(`${real} instead of\n${this.#trail.slice(-30).join('\n')}`)
  }

  #span(world: number, size: number): Span {
    return { first: size * this.#random(world / size), size }
  }

  #pick(from: readonly string[]): string {
    return from[this.#random(from.length)] ?? ''
  }
}

function attempt(work: () => string): string {
  try {
    return work()
  } catch (error) {
    if (error instanceof CnmError) return error.code
    throw error
  }
}

describe('the built-in IPAM', () => {
  it.each([41, 42, 43, 44])(
    'answers through 250,000 operations as its model does (seed %i)',
    (seed) => {
      const pair = new Pair(seeded(seed))
      for (let step = 0; step < OPERATIONS; step++) pair.step()
    },
    120_000,
  )
})
