import type { Database } from '../store/database.ts'
import { createHousekeeping } from '../store/housekeeping/index.ts'
import type { CloseTogether } from './closing.ts'
import type { Foundation } from './foundation.ts'

/** Time from the start to the first pruning, in ms: short for instances that live less than an hour, but not 0. */
const FIRST_PRUNE_MS = 60_000

/** The interval of pruning, in ms. */
const PRUNE_INTERVAL_MS = 3_600_000

/** Dependencies of housekeeping besides the foundation. */
export interface HousekeepingParts {
  database: Database
  /** Time from the start to the first pruning, in ms. */
  firstPrune?: number
}

/** Prunes expired rows once an hour; does not keep the process alive. The close waits for the current batch. */
export const startHousekeeping = (
  serving: CloseTogether,
  { settings, logger }: Pick<Foundation, 'settings' | 'logger'>,
  { database, firstPrune = FIRST_PRUNE_MS }: HousekeepingParts,
): void => {
  const housekeeping = createHousekeeping(database)
  const retention = {
    challengeDays: settings.CHALLENGE_RETENTION,
    sessionDays: settings.SESSION_RETENTION,
    ledgerDays: settings.LEDGER_RETENTION,
    auditDays: settings.AUDIT_RETENTION,
  }
  const stopping = new AbortController()
  let underWay: Promise<void> | undefined
  const pruneOnce = async () => {
    try {
      const { ended, removed } = await housekeeping.prune(retention, stopping.signal)
      if (ended === 'busy') logger.debug({ event: 'prune_left', ...removed }, 'another instance removes expired rows')
      else logger.info({ event: 'pruned', ended, ...removed }, 'removed expired rows')
    } catch (error) {
      logger.warn({ event: 'not_pruned', err: error }, 'could not remove expired rows')
    }
    underWay = undefined
  }
  const prune = () => {
    underWay ??= pruneOnce()
  }
  const first = setTimeout(prune, firstPrune).unref()
  const pruning = setInterval(prune, PRUNE_INTERVAL_MS).unref()
  serving.defer(async () => {
    clearTimeout(first)
    clearInterval(pruning)
    stopping.abort()
    await underWay
  })
}
