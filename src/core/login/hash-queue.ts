import { Problem } from '../../errors.ts'

/** The bounds of the queue. */
export interface HashQueueOptions {
  /** Jobs that run at once. More than the number of cores slows each of them down. */
  concurrency: number
  /** Longest expected wait in ms; jobs beyond it are refused at once. */
  maxWait: number
  /** Monotonic clock, in ms. */
  now: () => number
}

/** Runs slow jobs, a few at a time. */
export type HashQueue = <T>(job: () => Promise<T>) => Promise<T>

/**
 * Makes a queue that bounds the waiting time rather than the length. From the duration of recent jobs it estimates how
 * long a new one would wait, and throws `overloaded` when that is too long. Thus no caller waits for a response that
 * comes too late, and a flood cannot fill the memory. A job that waited too long, because jobs became slower, is
 * refused when its turn comes.
 */
export const createHashQueue = ({ concurrency, maxWait, now }: HashQueueOptions): HashQueue => {
  const waiting: (() => void)[] = []
  let running = 0
  // An initial estimate, which adapts within a few jobs.
  let averageMs = 20

  const expectedWait = () => (running < concurrency ? 0 : ((waiting.length + 1) / concurrency) * averageMs)

  return async (job) => {
    const wait = expectedWait()
    if (wait > maxWait) throw new Problem('overloaded', { retryAfter: Math.ceil(wait / 1000) })
    const arrival = now()
    if (running >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    const start = now()
    try {
      const waited = start - arrival
      if (waited > maxWait) throw new Problem('overloaded', { retryAfter: Math.ceil(waited / 1000) })
      try {
        return await job()
      } finally {
        averageMs += (now() - start - averageMs) / 10
      }
    } finally {
      // Pass the slot on without freeing it, or a new job could take it first.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
