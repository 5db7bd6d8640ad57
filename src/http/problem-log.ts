import type { FastifyRequest } from 'fastify'
import type { Problem } from '../errors.ts'

/** Logs problems of the service itself. */
export interface ProblemLog {
  /** Logs one problem, or counts it. */
  add(request: FastifyRequest, problem: Problem): void
  /** Logs what was only counted so far. */
  flush(): void
}

/** How long problems of one code are counted before the next line, in ms. */
const COUNT_FOR = 10_000

interface Counted {
  count: number
  latest: () => void
  timer: NodeJS.Timeout
}

/**
 * Creates a log in which `error` is what somebody must get up for. A refusal with 503 is expected while something is
 * busy or away: the first of its code is logged at `warn` with its cause, and those of the next 10 s as one line with
 * their `count`.
 */
export const createProblemLog = (): ProblemLog => {
  const byCode = new Map<string, Counted>()

  const flush = (code: string) => {
    const counted = byCode.get(code)
    if (!counted) return
    clearTimeout(counted.timer)
    byCode.delete(code)
    if (counted.count > 0) counted.latest()
  }

  const start = (code: string): Counted => {
    const counted: Counted = { count: 0, latest: () => {}, timer: setTimeout(() => flush(code), COUNT_FOR).unref() }
    byCode.set(code, counted)
    return counted
  }

  return {
    add(request, problem) {
      const { code, status, message, details } = problem
      if (status < 500) return
      const facts = { event: 'problem', code, advice: details.advice, err: details.cause ?? problem }
      if (status !== 503) {
        request.log.error(facts, message)
        return
      }
      const counted = byCode.get(code)
      if (!counted) {
        request.log.warn({ ...facts, count: 1 }, message)
        start(code)
        return
      }
      request.log.debug(facts, message)
      counted.count += 1
      counted.latest = () => {
        request.log.warn({ ...facts, count: counted.count }, `${message}: ${counted.count} more times`)
        start(code)
      }
    },
    flush() {
      for (const code of [...byCode.keys()]) flush(code)
      for (const { timer } of byCode.values()) clearTimeout(timer)
      byCode.clear()
    },
  }
}
