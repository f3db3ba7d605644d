import { Sorted } from './sorted.ts'

/** Consecutive numbers that are all in the set, `first` and `last` included. */
interface Run {
  first: bigint
  last: bigint
}

/**
 * A set of numbers, kept as sorted runs. It costs what is in it, not what could be, so a /8 and a /64 are as cheap as a
 * /24, and what was given out in order, addresses or whole subnets, costs next to nothing.
 */
export class Runs {
  /** A run grows, shrinks and splits in place: that never changes its order among the others. */
  readonly #runs = new Sorted<Run>(({ first }) => first)
  #size = 0n

  get size(): bigint {
    return this.#size
  }

  has(value: bigint): boolean {
    return this.#runAt(value) !== undefined
  }

  /** All from `first` to `last`. False, and nothing is added, when one of them was in already. */
  add(first: bigint, last: bigint = first): boolean {
    const left = this.#runs.floor(last)
    if (left && first <= left.last) return false
    const right = this.#runs.above(last)
    const joinsLeft = left?.last === first - 1n
    const joinsRight = right?.first === last + 1n
    if (joinsLeft && joinsRight) {
      this.#runs.remove(right)
      left.last = right.last
    } else if (joinsLeft) left.last = last
    else if (joinsRight) right.first = first
    else this.#runs.insert({ first, last })
    this.#size += last - first + 1n
    return true
  }

  /** All from `first` to `last`. False, and nothing is taken out, when one of them was not in. */
  delete(first: bigint, last: bigint = first): boolean {
    const run = this.#runAt(first)
    if (!run || run.last < last) return false
    const end = run.last
    if (run.first === first && end === last) this.#runs.remove(run)
    else if (run.first === first) run.first = last + 1n
    else {
      run.last = first - 1n
      if (last < end) this.#runs.insert({ first: last + 1n, last: end })
    }
    this.#size -= last - first + 1n
    return true
  }

  /** The lowest number from `from` to `to` that is not in the set. */
  firstFree(from: bigint, to: bigint): bigint | undefined {
    const run = this.#runAt(from)
    const free = run ? run.last + 1n : from
    return free <= to ? free : undefined
  }

  /** The lowest multiple of `size` with which `size` numbers begin that are from `from` to `to` and none in the set. */
  firstGap(from: bigint, to: bigint, size: bigint): bigint | undefined {
    let gap = roundUp(from, size)
    for (let run = this.#runFrom(gap); run && run.first < gap + size; run = this.#runFrom(gap)) gap = roundUp(run.last + 1n, size)
    return gap + size - 1n <= to ? gap : undefined
  }

  /** How many numbers from `from` to `to` are in the set. */
  countWithin(from: bigint, to: bigint): bigint {
    let count = 0n
    for (let run = this.#runFrom(from); run && run.first <= to; run = this.#runs.above(run.first)) {
      const first = run.first > from ? run.first : from
      const last = run.last < to ? run.last : to
      count += last - first + 1n
    }
    return count
  }

  #runAt(value: bigint): Run | undefined {
    const run = this.#runs.floor(value)
    return run && value <= run.last ? run : undefined
  }

  /** The first run that ends at `value` or behind it. */
  #runFrom(value: bigint): Run | undefined {
    return this.#runAt(value) ?? this.#runs.above(value)
  }
}

const roundUp = (value: bigint, size: bigint): bigint => ((value + size - 1n) / size) * size
