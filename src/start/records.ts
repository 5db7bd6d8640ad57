import { createJournal, type Journal } from '../core/audit/journal.ts'
import type { SendLedger } from '../core/delivery/ports.ts'
import { createAuditTrail } from '../store/audit/index.ts'
import type { Database } from '../store/database.ts'
import { createSendLedger } from '../store/sends/index.ts'
import type { Foundation } from './foundation.ts'

/** What the service writes down of its decisions and messages. */
export interface Records {
  journal: Journal
  ledger: SendLedger
}

/** Opens the audit trail and the delivery log. On close both write what they still hold. */
export const openRecords = (
  opened: AsyncDisposableStack,
  { logger, clock }: Foundation,
  database: Database,
): Records => {
  const onLost = (count: number, error: unknown) =>
    logger.error({ event: 'audit_lost', count, err: error }, `${count} audit entries could not be kept`)
  const audit = opened.adopt(createAuditTrail(database, { onLost }), ({ drain }) => drain())
  const ledger = opened.adopt(createSendLedger(database), ({ drain }) => drain())
  const journal = createJournal({ audit, log: (line, event) => logger.info(line, event), now: clock.now })
  return { journal, ledger }
}
