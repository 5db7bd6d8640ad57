import type { Migration } from 'kysely/migration'
import { up as accountsAndChallenges } from './0001_accounts_and_challenges.ts'
import { up as ledgerOfSends } from './0002_ledger_of_sends.ts'
import { up as budgetsAndBlocks } from './0003_budgets_and_blocks.ts'
import { up as guard } from './0004_guard.ts'
import { up as guardRules } from './0005_guard_rules.ts'
import { up as guardSend } from './0006_guard_send.ts'
import { up as attemptsKeysAndAudit } from './0007_attempts_keys_and_audit.ts'
import { up as sessionsAndDevices } from './0008_sessions_and_devices.ts'
import { up as registrations } from './0009_registrations.ts'
import { up as adminKeys } from './0010_admin_keys.ts'
import { up as indexesForWhatLeaves } from './0011_indexes_for_what_leaves.ts'
import { up as oneSpellingOfNumbers } from './0012_one_spelling_of_numbers.ts'
import { up as guardCounts } from './0013_guard_counts.ts'
import { up as cooldownOfWhatLeft } from './0014_cooldown_of_what_left.ts'
import { up as pendingEvents } from './0015_pending_events.ts'
import { up as passwordNotices } from './0016_password_notices.ts'
import { up as factorsThatSendNothing } from './0017_factors_that_send_nothing.ts'

/** All migrations, oldest first. Add new ones at the end; never edit an existing one. */
export const migrations: Record<string, Migration> = {
  '0001_accounts_and_challenges': { up: accountsAndChallenges },
  '0002_ledger_of_sends': { up: ledgerOfSends },
  '0003_budgets_and_blocks': { up: budgetsAndBlocks },
  '0004_guard': { up: guard },
  '0005_guard_rules': { up: guardRules },
  '0006_guard_send': { up: guardSend },
  '0007_attempts_keys_and_audit': { up: attemptsKeysAndAudit },
  '0008_sessions_and_devices': { up: sessionsAndDevices },
  '0009_registrations': { up: registrations },
  '0010_admin_keys': { up: adminKeys },
  '0011_indexes_for_what_leaves': { up: indexesForWhatLeaves },
  '0012_one_spelling_of_numbers': { up: oneSpellingOfNumbers },
  '0013_guard_counts': { up: guardCounts },
  '0014_cooldown_of_what_left': { up: cooldownOfWhatLeft },
  '0015_pending_events': { up: pendingEvents },
  '0016_password_notices': { up: passwordNotices },
  '0017_factors_that_send_nothing': { up: factorsThatSendNothing },
}
