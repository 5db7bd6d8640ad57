import type { SendLedger, SettledSend } from '../../core/delivery/ports.ts'
import { isTypedUuid } from '../../core/uuid.ts'
import { clean } from '../clean.ts'
import type { Database } from '../database.ts'
import { type SettledRow, sendStatements } from './statements.ts'

/** The ledger in Postgres, with a way to wait for pending writes. */
export interface StoredLedger extends SendLedger {
  /** Resolves when every outcome settled so far is written, or its write has failed. */
  drain(): Promise<void>
}

const cleanOrNull = (text: string | undefined): string | null => (text === undefined ? null : clean(text))

const toRow = ({ sendId, status, messageId, reason, took }: SettledSend): SettledRow => ({
  send_id: sendId,
  status,
  message_id: cleanOrNull(messageId),
  reason: cleanOrNull(reason),
  took_ms: took,
})

/**
 * Opens the ledger. Outcomes are written one batch at a time, and those that arrive meanwhile join the next batch. A busy
 * server thus needs one commit for many outcomes, and an idle one writes at once.
 */
export const createSendLedger = (db: Database): StoredLedger => {
  const statements = sendStatements(db)
  let last: Promise<unknown> = Promise.resolve()
  let waiting: { rows: SettledRow[]; written: Promise<void> } | undefined

  const nextBatch = () => {
    const rows: SettledRow[] = []
    const written = last
      .catch(() => {})
      .then(async () => {
        waiting = undefined
        await statements.settle({ rows: JSON.stringify(rows) })
      })
    last = written
    return { rows, written }
  }

  return {
    async handOver(ref, failed, next) {
      const rows = await statements.handOver({
        ...ref,
        ...next,
        failedSendId: failed.sendId,
        reason: cleanOrNull(failed.reason),
        took: failed.took,
      })
      if (rows.length === 0) throw new Error('the challenge has another send by now')
    },

    async enter(ref, send) {
      await statements.enter({ ...ref, ...send })
    },

    async settle(send) {
      waiting ??= nextBatch()
      waiting.rows.push(toRow(send))
      return waiting.written
    },

    async receive(provider, { sendId, messageId, status, reason }) {
      const known = isTypedUuid(sendId) ? sendId : null
      const rows = await statements.receive({
        provider,
        sendId: known,
        messageId: cleanOrNull(messageId),
        status,
        reason: cleanOrNull(reason),
      })
      return rows.length > 0
    },

    drain: () => last.then(() => {}).catch(() => {}),
  }
}
