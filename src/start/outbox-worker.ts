import type { Logger } from 'pino'
import type { Claimed, Delivery, Ending, OutboxHandler } from '../core/outbox.ts'
import type { RequestContext } from '../core/terms.ts'

/** Dependencies of the worker. */
export interface OutboxWorkerOptions {
  handlers: readonly OutboxHandler<unknown>[]
  /** The interval between polls of the outboxes, in ms. */
  every: number
  log: Pick<Logger, 'warn'>
}

/** A worker that empties outboxes in the background. */
export interface OutboxWorker {
  /** Polls all outboxes, now and at each interval; does not keep the process alive. */
  start(): void
  /** Empties one outbox at once for a request, also before `start`. Never throws. */
  wake(handler: OutboxHandler<unknown>, context: RequestContext): void
  /** Stops the polls and waits for deliveries in progress; call it again after the last `wake`. Never rejects. */
  stop(): Promise<void>
}

/** The number of parallel deliveries of one outbox. */
const AT_ONCE = 10

const endingOf = ({ outcome }: Delivery, { isLast }: Claimed): Ending => {
  if (outcome === 'accepted') return 'delivered'
  return outcome === 'refused' || isLast ? 'abandoned' : 'waiting'
}

/** Delivers one item, records its ending, and reports it. Throws when the outbox is unavailable. */
const tryItem = async (
  { outbox, deliver, report }: OutboxHandler<unknown>,
  item: Claimed,
  context: RequestContext | undefined,
): Promise<void> => {
  const delivery: Delivery = await deliver(item, context).catch((error: Error) => ({
    outcome: 'failed',
    reason: error.message,
  }))
  const ending = endingOf(delivery, item)
  if (ending === 'delivered') await outbox.done(item.id)
  if (ending === 'abandoned') await outbox.giveUp(item.id)
  report(item, ending, delivery, context)
}

/**
 * Creates the worker of all outboxes. Each outbox is emptied by itself, so that a backlog of one does not delay another. An
 * unavailable outbox is logged once until it is available again.
 */
export const createOutboxWorker = ({ handlers, every, log }: OutboxWorkerOptions): OutboxWorker => {
  let timer: NodeJS.Timeout | undefined
  const lost = new Set<OutboxHandler<unknown>>()
  const underWay = new Map(handlers.map((handler) => [handler, new Set<Promise<void>>()]))

  const empty = async (handler: OutboxHandler<unknown>, context?: RequestContext): Promise<void> => {
    const { name, outbox } = handler
    try {
      let claimed: Claimed[]
      do {
        claimed = await outbox.claim(AT_ONCE)
        const tries = await Promise.allSettled(claimed.map((item) => tryItem(handler, item, context)))
        for (const one of tries) if (one.status === 'rejected') throw one.reason
      } while (claimed.length === AT_ONCE && timer)
      lost.delete(handler)
    } catch (error) {
      if (!lost.has(handler))
        log.warn({ event: `${name}_outbox_lost`, err: error }, `the outbox of ${name}s is unavailable`)
      lost.add(handler)
    }
  }

  const wake = (handler: OutboxHandler<unknown>, context?: RequestContext): void => {
    const runs = underWay.get(handler)!
    const run: Promise<void> = empty(handler, context).finally(() => runs.delete(run))
    runs.add(run)
  }

  const look = () => {
    for (const [handler, runs] of underWay) if (runs.size === 0) wake(handler)
  }

  return {
    start() {
      timer ??= setInterval(look, every).unref()
      look()
    },
    wake,
    async stop() {
      clearInterval(timer)
      timer = undefined
      await Promise.all([...underWay.values()].flatMap((runs) => [...runs]))
    },
  }
}
