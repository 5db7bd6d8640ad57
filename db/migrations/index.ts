import type { Migration } from 'kysely/migration'
import { up as accountsAndChallenges } from './0001_accounts_and_challenges.ts'
import { up as ledgerOfSends } from './0002_ledger_of_sends.ts'

/** Every migration, oldest first. Add at the end; what is listed here is never edited. */
export const migrations: Record<string, Migration> = {
  '0001_accounts_and_challenges': { up: accountsAndChallenges },
  '0002_ledger_of_sends': { up: ledgerOfSends },
}
