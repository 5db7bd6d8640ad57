import type { Generated } from 'kysely'

/** Users, under the comparison form of their names. See the migration for what each column is for. */
export interface UsersTable {
  user_id: string
  username: string
  username_key: string
  password_hash: string | null
  disabled_at: Date | null
  auth_epoch: Generated<number>
  login_challenge_id: string | null
  send_step: Generated<number>
  next_send_at: Date | null
  locale: Generated<string | null>
  password_noticed_at: Date | null
  created_at: Generated<Date>
}

/** Second factors, one row a user and kind, with the account's failure counter. */
interface FactorsTable {
  user_id: string
  factor: string
  phone: string | null
  failures: Generated<number>
  locked_until: Date | null
  disabled_at: Date | null
  created_at: Generated<Date>
  pending_event: { type: string; data: unknown } | null
}

/** Challenges, one row each; the live one is the one that its user points to. */
interface ChallengesTable {
  challenge_id: string
  user_id: string
  purpose: string
  factor: string
  channel: string
  auth_epoch: number
  code_hash: Buffer
  attempts: Generated<number>
  max_attempts: number
  send_id: string | null
  new_phone: Generated<string | null>
  session_id: Generated<string | null>
  created_at: Generated<Date>
  expires_at: Date
  consumed_at: Date | null
}

/** Sessions, one a login; those of an older epoch than their user's are over. */
interface SessionsTable {
  session_id: string
  user_id: string
  auth_epoch: number
  acr: string
  amr: string[]
  device_id: string | null
  name: string | null
  address: string
  authenticated_at: Generated<Date>
  last_used_at: Generated<Date>
  expires_at: Date
  revoked_at: Date | null
  revoked_for: string | null
}

/** Refresh tokens, the current one of each session and those before it. */
interface RefreshTokensTable {
  token_hash: Buffer
  session_id: string
  generation: number
  used_at: Date | null
  successor_salt: Buffer | null
}

/** Devices that are remembered in the place of a code. */
interface DevicesTable {
  device_id: string
  user_id: string
  auth_epoch: number
  token_hash: Buffer
  former_hash: Buffer | null
  successor_salt: Buffer | null
  rotated_at: Date | null
  name: string | null
  address: string
  created_at: Generated<Date>
  last_used_at: Generated<Date>
  expires_at: Date
}

/** Accounts that wait for their first code. */
interface RegistrationsTable {
  user_id: string
  username_key: string
  invite_hash: Buffer | null
  created_at: Generated<Date>
}

/** Leave to register, each for one account. */
interface InvitesTable {
  invite_hash: Buffer
  note: string | null
  created_at: Generated<Date>
  expires_at: Date
  user_id: string | null
}

/** Notices to users that have not left yet. */
interface NoticesTable {
  notice_id: Generated<string>
  kind: Generated<string>
  user_id: string
  challenge_id: string | null
  phone: string
  attempts: Generated<number>
  next_attempt_at: Generated<Date>
}

/** Keys of the admin API. */
interface AdminKeysTable {
  admin_key_id: string
  name: string
  key_hash: Buffer
  scopes: string[]
  created_at: Generated<Date>
  expires_at: Date
  last_used_at: Date | null
  revoked_at: Date | null
}

/** The ledger: one row for each time a message was handed to a company. */
interface SendsTable {
  send_id: string
  challenge_id: string
  user_id: string
  provider: string
  channel: string
  country: string | null
  prefix: string
  phone_hash: Buffer
  segments: number
  price: string | null
  status: Generated<string>
  message_id: string | null
  reason: string | null
  took_ms: number | null
  created_at: Generated<Date>
  settled_at: Date | null
  receipt_at: Date | null
  address: string | null
  network: string | null
  verified_at: Date | null
  known: Generated<boolean>
  carries_code: Generated<boolean>
  budget_day: string | null
}

/** What was sent on one day, to one country or in all. */
interface SendBudgetsTable {
  scope: string
  day: string
  messages: Generated<number>
  cost: Generated<string>
  soft_at: Date | null
  hard_at: Date | null
}

/** Prefixes and countries that nothing is sent to for a while. */
interface GuardBlocksTable {
  scope: string
  target: string
  rule: string
  starts_at: Date
  ends_at: Date
  strikes: Generated<number>
  lifted_at: Date | null
}

/** The outbox of what operators are told. */
interface EventsTable {
  event_id: Generated<string>
  type: string
  data: unknown
  created_at: Generated<Date>
  next_attempt_at: Generated<Date>
  attempts: Generated<number>
  delivered_at: Date | null
  abandoned_at: Date | null
}

/** Tries of passwords, by address and name, and failures by name. */
interface PasswordAttemptsTable {
  key: Buffer
  times: Date[]
}

/** Keys of requests that may be made again. */
interface IdempotencyKeysTable {
  key_hash: Buffer
  fingerprint: Buffer
  user_id: string
  challenge_id: string
  issued_at: number
  created_at: Generated<Date>
  expires_at: Date
}

/** What was used once and must not be used again. */
interface UsedNoncesTable {
  nonce_hash: Buffer
  expires_at: Date
}

/** The journal of decisions; append-only. */
interface AuditEventsTable {
  audit_event_id: Generated<string>
  created_at: Generated<Date>
  event: string
  user_id: string | null
  address: string
  request_id: string | null
  facts: unknown
}

/** Every table there is. */
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
