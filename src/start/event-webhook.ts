import { Webhook } from 'standardwebhooks'
import { type ClaimedEvent, type EventOutbox, LONGEST_TRY, RETRY_WAITS } from '../core/audit/event-ports.ts'
import { createExchange, type Transport } from '../http-client/client.ts'

/** Where the operator takes events, and what it takes to get them there. */
export interface EventWebhookOptions {
  outbox: EventOutbox
  url: string
  /** `whsec_` and base64. */
  secret: string
  /** One that follows no redirects. */
  transport: Transport
  /** Milliseconds since 1970. */
  now: () => number
  log: Record<'info' | 'warn', (facts: object, message: string) => void>
  /** Time between two looks into the outbox, in ms. */
  every: number
}

/** Tells the operator of events. */
export interface EventWebhook {
  /** Looks into the outbox now and from then on; keeps no process alive. */
  start(): void
  /** Resolves when what is under way has ended; nothing begins after it. */
  stop(): Promise<void>
}

/** Deliveries at once. */
const AT_ONCE = 10

/**
 * Delivers the events of the outbox by the Standard Webhooks specification: a signed POST of `type`, `timestamp` (when it
 * happened) and `data`, at least once. 2xx within 5 s is a delivery, 410 gives the event up, and anything else waits for
 * its next turn. An outbox that is out of reach is logged once, until it is
 * back.
 */
export const createEventWebhook = (options: EventWebhookOptions): EventWebhook => {
  const { outbox, url, now, log } = options
  const exchange = createExchange(options.transport)
  const webhook = new Webhook(options.secret)
  let timer: NodeJS.Timeout | undefined
  let underWay: Promise<void> | undefined
  let isBroken = false

  const post = ({ eventId, type, data, createdAt }: ClaimedEvent) => {
    const body = JSON.stringify({ type, timestamp: createdAt.toISOString(), data })
    const at = new Date(now())
    const headers = {
      'content-type': 'application/json',
      'webhook-id': eventId,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': webhook.sign(eventId, at, body),
    }
    return exchange({ url, headers, body, signal: AbortSignal.timeout(LONGEST_TRY * 1_000) }, ({ status }) => {
      if (status >= 200 && status < 300) return { outcome: 'accepted' }
      return { outcome: status === 410 ? 'refused' : 'failed', reason: `HTTP ${status}` }
    })
  }

  const deliver = async (event: ClaimedEvent): Promise<void> => {
    const result = await post(event)
    const facts = { event_id: event.eventId, type: event.type, attempt: event.attempts }
    if (result.outcome === 'accepted') {
      await outbox.delivered(event.eventId)
      log.info({ event: 'event_delivered', ...facts }, `event delivered: ${event.type}`)
    } else if (result.outcome === 'refused' || event.attempts > RETRY_WAITS.length) {
      log.warn({ event: 'event_abandoned', ...facts, reason: result.reason }, `event given up: ${event.type}`)
      await outbox.abandon(event.eventId)
    } else {
      log.warn({ event: 'event_not_delivered', ...facts, reason: result.reason }, `event not delivered: ${event.type}`)
    }
  }

  const empty = async (): Promise<void> => {
    try {
      for (let more = true; more && timer; ) {
        const events = await outbox.claim(AT_ONCE)
        const results = await Promise.allSettled(events.map(deliver))
        for (const result of results) if (result.status === 'rejected') throw result.reason
        more = events.length === AT_ONCE
      }
      isBroken = false
    } catch (error) {
      if (!isBroken) log.warn({ event: 'event_outbox_lost', err: error }, 'the outbox of events is out of reach')
      isBroken = true
    } finally {
      underWay = undefined
    }
  }

  const look = () => {
    underWay ??= empty()
  }

  return {
    start() {
      timer ??= setInterval(look, options.every).unref()
      look()
    },

    async stop() {
      clearInterval(timer)
      timer = undefined
      await underWay
    },
  }
}
