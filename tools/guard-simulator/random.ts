/** A random generator that is repeatable by its seed. Use it for simulations, never for secrets. */
export interface Random {
  /** Returns a number of at least 0 and below 1. */
  next(): number
  /** Returns an integer of at least 0 and below `end`. */
  below(end: number): number
  /** Returns true with this probability. */
  chance(probability: number): boolean
  /** Returns one of the items, all with the same probability. */
  pick<T>(items: readonly T[]): T
  /** Returns one of the items, with a probability in proportion to its weight. */
  weighted<T>(items: readonly T[], weights: readonly number[]): T
  /** Returns `count` random decimal digits. */
  digits(count: number): string
  /** Returns a random string in the form of a UUID of version 4. */
  uuid(): string
}

/** Creates a generator by the algorithm Mulberry32, whose 32 bits of state suffice for a day of messages. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  const hex = (count: number) => Array.from({ length: count }, () => below(16).toString(16)).join('')

  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)]!,
    weighted(items, weights) {
      let left = next() * weights.reduce((sum, weight) => sum + weight, 0)
      for (const [position, weight] of weights.entries()) {
        left -= weight
        if (left < 0) return items[position]!
      }
      return items.at(-1)!
    },
    digits: (count) => Array.from({ length: count }, () => below(10)).join(''),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[below(4)]}${hex(3)}-${hex(12)}`,
  }
}
