import { Sorted } from './sorted.ts'

/** Consecutive numbers that are all in the set, `first` and `last` included. */
interface Run {
  first: bigint
  last: bigint
}

/**
 * A set of numbers, kept as sorted runs. It costs what is in it, not what could be, so a /8 and a /64 are as cheap as a
 * /24, and addresses that were given out in order cost next to nothing.
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

  /** False when it was in already. */
  add(value: bigint): boolean {
    const left = this.#runs.floor(value)
    if (left && value <= left.last) return false
    const right = this.#runs.above(value)
    const joinsLeft = left?.last === value - 1n
    const joinsRight = right?.first === value + 1n
    if (joinsLeft && joinsRight) {
      this.#runs.remove(right)
      left.last = right.last
    } else if (joinsLeft) left.last = value
    else if (joinsRight) right.first = value
    else this.#runs.insert({ first: value, last: value })
    this.#size++
    return true
  }

  /** False when it was not in. */
  delete(value: bigint): boolean {
    const run = this.#runAt(value)
    if (!run) return false
    const { first, last } = run
    if (first === last) this.#runs.remove(run)
    else if (value === first) run.first = value + 1n
    else {
      run.last = value - 1n
      if (value < last) this.#runs.insert({ first: value + 1n, last })
    }
    this.#size--
    return true
  }

  /** The lowest number from `from` to `to` that is not in the set. */
  firstFree(from: bigint, to: bigint): bigint | undefined {
    const run = this.#runAt(from)
    const free = run ? run.last + 1n : from
    return free <= to ? free : undefined
  }

  /** How many numbers from `from` to `to` are in the set. */
  countWithin(from: bigint, to: bigint): bigint {
    let count = 0n
    for (let run = this.#runs.floor(from) ?? this.#runs.above(from); run && run.first <= to; run = this.#runs.above(run.first)) {
      const first = run.first > from ? run.first : from
      const last = run.last < to ? run.last : to
      if (first <= last) count += last - first + 1n
    }
    return count
  }

  #runAt(value: bigint): Run | undefined {
    const run = this.#runs.floor(value)
    return run && value <= run.last ? run : undefined
  }
}
