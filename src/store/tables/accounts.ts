import type { Generated } from 'kysely'

/** A user; `username_key` is the normalized name. The migrations document each column. */
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

/** A second factor, one row per user and kind, with its count of failures. */
export interface FactorsTable {
  user_id: string
  factor: string
  phone: string | null
  failures: Generated<number>
  locked_until: Date | null
  disabled_at: Date | null
  created_at: Generated<Date>
  secret: Generated<Buffer | null>
  counter: Generated<string | null>
  pending_event: { type: string; data: unknown } | null
}

/** An account that waits for its first code. */
export interface RegistrationsTable {
  user_id: string
  username_key: string
  invite_hash: Buffer | null
  created_at: Generated<Date>
}

/** An invite, which allows one registration. */
export interface InvitesTable {
  invite_hash: Buffer
  note: string | null
  created_at: Generated<Date>
  expires_at: Date
  user_id: string | null
}

/** Password attempts by address and name, or failures by name. */
export interface PasswordAttemptsTable {
  key: Buffer
  times: Date[]
}

/** A key of the admin API. */
export interface AdminKeysTable {
  admin_key_id: string
  name: string
  key_hash: Buffer
  scopes: string[]
  created_at: Generated<Date>
  expires_at: Date
  last_used_at: Date | null
  revoked_at: Date | null
}
