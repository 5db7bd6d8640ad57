import type { Generated } from 'kysely'

/** A session, one per login. It has ended when its epoch is older than its user's. */
export interface SessionsTable {
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

/** A refresh token: the current one of its session, or one before it. */
export interface RefreshTokensTable {
  token_hash: Buffer
  session_id: string
  generation: number
  used_at: Date | null
  successor_salt: Buffer | null
}

/** A remembered device, which replaces the code. */
export interface DevicesTable {
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
