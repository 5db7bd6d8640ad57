import { Problem } from '../../errors.ts'

/** How the queue is bounded. */
export interface HashQueueOptions {
  /** Jobs that run at once; more than there are cores only makes each of them slower. */
  concurrency: number
  /** A job that would have to wait longer than this is refused at once, in ms. */
  maxWait: number
  /** Monotonic clock, in ms. */
  now: () => number
}

/** Runs slow jobs a few at a time. */
export type HashQueue = <T>(job: () => Promise<T>) => Promise<T>

/**
 * A queue whose waiting time is bounded rather than its length: from the time that recent jobs took it tells how long a
 * new one would wait, and throws `overloaded` when that is too long, so that a caller is never kept for an answer that
 * it no longer wants and a flood cannot pile up memory. Where the forecast was wrong, because jobs have become slower, a
 * job that has waited too long is refused when its turn comes.
 */
export const createHashQueue = ({ concurrency, maxWait, now }: HashQueueOptions): HashQueue => {
  const waiting: (() => void)[] = []
  let running = 0
  // A first guess; the average moves to the truth within a few jobs.
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
      // The place goes to the next in line without ever being free, or a newcomer could take it.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
