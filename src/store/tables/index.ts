import type {
  AdminKeysTable,
  FactorsTable,
  InvitesTable,
  PasswordAttemptsTable,
  RegistrationsTable,
  UsersTable,
} from './accounts.ts'
import type { ChallengesTable, IdempotencyKeysTable, UsedNoncesTable } from './challenges.ts'
import type { AuditEventsTable, EventsTable, NoticesTable } from './records.ts'
import type { GuardBlocksTable, SendBudgetsTable, SendsTable } from './sends.ts'
import type { DevicesTable, RefreshTokensTable, SessionsTable } from './sessions.ts'

/** Every table of the database, for the query builder. */
export interface Tables {
  users: UsersTable
  factors: FactorsTable
  challenges: ChallengesTable
  sessions: SessionsTable
  refresh_tokens: RefreshTokensTable
  devices: DevicesTable
  registrations: RegistrationsTable
  invites: InvitesTable
  notices: NoticesTable
  admin_keys: AdminKeysTable
  sends: SendsTable
  send_budgets: SendBudgetsTable
  guard_blocks: GuardBlocksTable
  events: EventsTable
  password_attempts: PasswordAttemptsTable
  idempotency_keys: IdempotencyKeysTable
  used_nonces: UsedNoncesTable
  audit_events: AuditEventsTable
}
