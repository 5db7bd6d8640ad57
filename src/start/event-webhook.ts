import type { Logger } from 'pino'
import { Webhook } from 'standardwebhooks'
import type { DueEvent } from '../core/audit/event-ports.ts'
import { LONGEST_TRY, type Outbox, type OutboxHandler } from '../core/outbox.ts'
import { createExchange, type Transport } from '../http-client/client.ts'

/** The address of the operator's webhook, and the dependencies of the delivery of events. */
export interface EventWebhookOptions {
  outbox: Outbox<DueEvent>
  url: string
  /** `whsec_` and base64. */
  secret: string
  /** A transport that follows no redirects. */
  transport: Transport
  /** Milliseconds since 1970. */
  now: () => number
  log: Pick<Logger, 'info' | 'warn'>
}

/**
 * Creates the handler that posts events to the operator by the Standard Webhooks specification. The signed body has `type`,
 * `timestamp` (the time of the event) and `data`. A response 2xx within 5 s means delivered, 410 means refused, and all
 * others mean failed.
 */
export const createEventHandler = ({
  outbox,
  url,
  secret,
  transport,
  now,
  log,
}: EventWebhookOptions): OutboxHandler<DueEvent> => {
  const exchange = createExchange(transport)
  const webhook = new Webhook(secret)

  return {
    name: 'event',
    outbox,

    async deliver({ id, type, data, createdAt }) {
      const body = JSON.stringify({ type, timestamp: createdAt.toISOString(), data })
      const at = new Date(now())
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': webhook.sign(id, at, body),
      }
      const signal = AbortSignal.timeout(LONGEST_TRY * 1_000)
      const result = await exchange({ url, headers, body, signal }, ({ status }) => {
        if (status >= 200 && status < 300) return { outcome: 'accepted' }
        return { outcome: status === 410 ? 'refused' : 'failed', reason: `HTTP ${status}` }
      })
      // An event that may have arrived is sent again: the receiver detects a repetition by its id.
      return result.outcome === 'unknown' ? { ...result, outcome: 'failed' } : result
    },

    report({ id, type, attempts }, ending, { reason }) {
      const facts = { event_id: id, type, attempt: attempts }
      if (ending === 'delivered') log.info({ event: 'event_delivered', ...facts }, `event delivered: ${type}`)
      else if (ending === 'abandoned')
        log.warn({ event: 'event_abandoned', ...facts, reason }, `event given up: ${type}`)
      else log.warn({ event: 'event_not_delivered', ...facts, reason }, `event not delivered: ${type}`)
    },
  }
}
