import type { FastifyBaseLogger } from 'fastify'

/** The way out. */
export interface Shutdown {
  /** Returns true once a signal to stop has come: answers then tell clients to close their connections. */
  isStopping(): boolean
  /** Throws once a signal to stop has come: readiness ends at once, so that the load balancer turns away. */
  assertRunning(): void
  /** Says what must be done before the process may end. */
  onStop(stop: () => Promise<void>): void
}

/** How to leave. */
export interface ShutdownOptions {
  /** Time between the signal and the moment connections are refused, in ms. */
  delay: number
  /** Whether to leave when the parent process does: the shell between `npm start` and us passes no signal on. */
  followParent: boolean
  log: FastifyBaseLogger
}

/** How often the parent is looked for, in ms. */
const PARENT_CHECK = 500

/** The least time in which clients learn from answers that they must close their connections, in ms. */
const SHORTEST_DELAY = 100

/** Signals within so many ms are one: npm passes on what the whole process group has received. */
const SAME_SIGNAL = 500

/** The longest that requests in flight are waited for, in ms. */
const LONGEST_STOP = 10_000

/**
 * Listens for SIGTERM, SIGINT and SIGHUP. On the first: readiness ends, requests are taken for `delay` ms more, then the stop
 * runs and the process ends with 0; on a second one, or when the stop takes longer than 10 s, it ends with 1. Signals within half a second are one.
 */
export const startShutdown = ({ delay, followParent, log }: ShutdownOptions): Shutdown => {
  let stopping = false
  let stoppedAt = 0
  let stop = async () => {}

  const onSignal = async (signal: NodeJS.Signals) => {
    if (stopping) {
      if (performance.now() - stoppedAt < SAME_SIGNAL) return
      process.exit(1)
    }
    stopping = true
    stoppedAt = performance.now()
    log.info({ event: 'stopping', signal }, `stopping on ${signal}`)
    setTimeout(() => process.exit(1), delay + LONGEST_STOP).unref()
    await new Promise((resolve) => setTimeout(resolve, Math.max(delay, SHORTEST_DELAY)))
    try {
      await stop()
      process.exit(0)
    } catch (error) {
      log.error({ event: 'stop_failed', err: error }, 'stop failed')
      process.exit(1)
    }
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('SIGHUP', onSignal)
  if (followParent) {
    const parent = process.ppid
    const timer = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(timer)
      // The signal that ended the parent may have come to us too.
      if (!stopping) void onSignal('SIGTERM')
    }, PARENT_CHECK)
    timer.unref()
  }

  return {
    isStopping: () => stopping,
    assertRunning() {
      if (stopping) throw new Error('stopping')
    },
    onStop(handler) {
      stop = handler
    },
  }
}
