import type { FastifyRequest } from 'fastify'
import type { Problem } from '../errors.ts'

/** The log of problems with a status of 500 or more. */
export interface ProblemLog {
  /** Logs a problem, or counts it for a later line. */
  add(request: FastifyRequest, problem: Problem): void
  /** Logs the problems that were counted but not logged. */
  flush(): void
}

/** Time for which problems of one code are counted before the next log line, in ms. */
const COUNT_WINDOW_MS = 10_000

interface Counted {
  count: number
  latest: () => void
  timer: NodeJS.Timeout
}

/**
 * Creates the problem log. Problems that need an operator at once are logged at `error`. Problems with 503 are expected
 * while a part is busy or unavailable: the first of each code is logged at `warn` with its cause, and those of the next
 * 10 s in one line with their `count`.
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
    const counted: Counted = {
      count: 0,
      latest: () => {},
      timer: setTimeout(() => flush(code), COUNT_WINDOW_MS).unref(),
    }
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
        request.log.warn({ ...facts, count: counted.count }, `${message}: repeated ${counted.count} times`)
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
