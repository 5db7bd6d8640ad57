/** A count within a time window. */
export interface Count {
  count: number
  /** Milliseconds until the window ends. */
  ttl: number
}

/** Counts per key within fixed windows, in memory. */
export interface Windows {
  /** Adds one to the count of a key and returns it. */
  add(key: string, max: number): Count
  /** Sets the count of a key, which was counted elsewhere. */
  set(key: string, max: number, count: Count): void
}

/** The options of windows. */
export interface WindowsOptions {
  /** Length of a window, in ms. */
  length: number
  /** Maximum number of keys below their limit; the oldest windows are removed first. */
  size: number
  /** Monotonic clock in ms, because a wall clock may jump. */
  now: () => number
}

interface Window {
  count: number
  end: number
}

const dropExpired = (windows: Map<string, Window>, at: number) => {
  for (const [key, { end }] of windows) if (end <= at) windows.delete(key)
}

/**
 * Creates windows that keep every key above its limit until its window ends, regardless of the number of other keys.
 * Memory stays bounded: a key above its limit takes `max` requests, so there are at most the requests of two windows.
 */
export const createWindows = ({ length, size, now }: WindowsOptions): Windows => {
  const below = new Map<string, Window>()
  const over = new Map<string, Window>()
  let cleanAt = now() + length

  const makeRoom = (at: number) => {
    if (at >= cleanAt) {
      dropExpired(below, at)
      dropExpired(over, at)
      cleanAt = at + length
    }
    if (below.size <= size) return
    // Removes a tenth at once: finding the first entry of a map is slow after many deletions before it.
    let excess = below.size - Math.floor(size * 0.9)
    for (const key of below.keys()) {
      if (excess <= 0) break
      below.delete(key)
      excess -= 1
    }
  }

  const keep = (key: string, max: number, window: Window) => {
    const [kept, other] = window.count > max ? [over, below] : [below, over]
    other.delete(key)
    kept.set(key, window)
  }

  return {
    add(key, max) {
      const at = now()
      let window = over.get(key) ?? below.get(key)
      if (!window || window.end <= at) {
        below.delete(key)
        window = { count: 0, end: at + length }
      }
      window.count += 1
      keep(key, max, window)
      makeRoom(at)
      // Rounding can make the difference slightly longer than the window.
      return { count: window.count, ttl: Math.min(length, window.end - at) }
    },
    set(key, max, { count, ttl }) {
      const at = now()
      keep(key, max, { count, end: at + Math.min(ttl, length) })
      makeRoom(at)
    },
  }
}
