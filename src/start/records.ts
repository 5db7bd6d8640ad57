import { createJournal, type Journal } from '../core/audit/journal.ts'
import type { SendLedger } from '../core/delivery/ports.ts'
import { createAuditTrail } from '../store/audit/index.ts'
import type { Database } from '../store/database.ts'
import { createSendLedger } from '../store/sends/index.ts'
import type { Foundation } from './foundation.ts'

/** The records of decisions and messages: the audit trail with the log, and the ledger. */
export interface Records {
  journal: Journal
  ledger: SendLedger
}

/** Opens the audit trail and the ledger. On close both write their pending entries. */
export const openRecords = (
  opened: AsyncDisposableStack,
  { logger, clock }: Foundation,
  database: Database,
): Records => {
  const onLost = (count: number, error: unknown) =>
    logger.error({ event: 'audit_lost', count, err: error }, `${count} audit entries were lost`)
  const audit = opened.adopt(createAuditTrail(database, { onLost }), ({ drain }) => drain())
  const ledger = opened.adopt(createSendLedger(database), ({ drain }) => drain())
  const journal = createJournal({ audit, log: (line, event) => logger.info(line, event), now: clock.now })
  return { journal, ledger }
}
