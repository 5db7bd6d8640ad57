import type { Migration } from 'kysely/migration'
import { up as accountsAndChallenges } from './0001_accounts_and_challenges.ts'

/** Every migration, oldest first. Add at the end; what is listed here is never edited. */
export const migrations: Record<string, Migration> = {
  '0001_accounts_and_challenges': { up: accountsAndChallenges },
}
