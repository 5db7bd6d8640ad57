/** A count within a window of time. */
export interface Count {
  count: number
  /** Milliseconds until the window ends. */
  ttl: number
}

/** Counts per key within fixed windows, in memory. */
export interface Windows {
  /** Counts one more. */
  add(key: string, max: number): Count
  /** Takes over a count that was made elsewhere. */
  set(key: string, max: number, count: Count): void
}

/** How windows are kept. */
export interface WindowsOptions {
  /** Length of a window, in ms. */
  length: number
  /** Keys below their limit that are remembered; the oldest windows are dropped first. */
  size: number
  /** Monotonic clock, in ms: a wall clock may jump. */
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
 * Creates windows that forget no key that is over its limit before its window ends, however many other keys come.
 * Such a key costs an attacker `max` requests, so that their number is bounded by the requests of two windows.
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
    // A tenth at once: the first entry of a map is slow to find while many before it are deleted.
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
      // The difference of fractions may be a trifle longer than the window.
      return { count: window.count, ttl: Math.min(length, window.end - at) }
    },
    set(key, max, { count, ttl }) {
      const at = now()
      keep(key, max, { count, end: at + Math.min(ttl, length) })
      makeRoom(at)
    },
  }
}
