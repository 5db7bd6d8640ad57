import type { Logger } from 'pino'
import type { Claimed, Delivery, Ending, OutboxHandler } from '../core/outbox.ts'
import type { RequestContext } from '../core/terms.ts'

/** What the worker is made of. */
export interface OutboxWorkerOptions {
  handlers: readonly OutboxHandler<unknown>[]
  /** Time between two looks into the outboxes, in ms. */
  every: number
  log: Pick<Logger, 'warn'>
}

/** Empties outboxes in the background. */
export interface OutboxWorker {
  /** Looks into all outboxes now and from then on; keeps no process alive. */
  start(): void
  /** Looks into one outbox at once, on behalf of a request, whether or not the worker was started. Never throws. */
  wake(handler: OutboxHandler<unknown>, context: RequestContext): void
  /** Stops looking. Resolves when nothing is under way; may be called again after the last `wake`. Never rejects. */
  stop(): Promise<void>
}

/** Deliveries of one outbox at once. */
const AT_ONCE = 10

const endingOf = ({ outcome }: Delivery, { isLast }: Claimed): Ending => {
  if (outcome === 'accepted') return 'delivered'
  return outcome === 'refused' || isLast ? 'abandoned' : 'waiting'
}

/** Delivers one item, marks it, and reports it. Throws when the outbox cannot be reached. */
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
 * Creates the one worker of all outboxes. Each outbox is emptied in batches, so that a backlog of one delays no other. An
 * outbox that is out of reach is logged once, until it is back.
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
        log.warn({ event: `${name}_outbox_lost`, err: error }, `the outbox of ${name}s is out of reach`)
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
