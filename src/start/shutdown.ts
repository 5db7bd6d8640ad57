import type { FastifyBaseLogger } from 'fastify'

/** Coordinates graceful shutdown. */
export interface Shutdown {
  /** Returns true once a signal has come: responses then ask clients to close their connections. */
  isStopping(): boolean
  /** Throws once a signal has come: readiness ends at once, so that the load balancer sends no more requests. */
  assertRunning(): void
  /** Sets what runs before the process ends. */
  onStop(stop: () => Promise<void>): void
}

/** Settings of graceful shutdown. */
export interface ShutdownOptions {
  /** Time between the signal and the close of the port, in ms. */
  delay: number
  /** True to stop when the parent process ends: the shell between `npm start` and this process forwards no signals. */
  followParent: boolean
  log: FastifyBaseLogger
}

/** Time between two checks of the parent, in ms. */
const PARENT_CHECK = 500

/** The shortest delay, in ms: clients learn from responses that they must close their connections. */
const SHORTEST_DELAY = 100

/** Signals within this time count as one, in ms: npm forwards a signal that the whole process group has received. */
const SAME_SIGNAL = 500

/** The longest wait for requests in flight, in ms. */
const LONGEST_STOP = 10_000

/**
 * Listens for SIGTERM, SIGINT and SIGHUP. On the first signal readiness ends, requests are accepted for `delay` ms more, then
 * the stop runs and the process exits with 0. On a second signal, or when the stop takes longer than 10 s, it exits with 1.
 * Signals within half a second count as one.
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
      // The signal that ended the parent may have reached this process too.
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
