import type { Generated } from 'kysely'

/** An entry of the ledger: one message that was handed to a provider. */
export interface SendsTable {
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

/** The messages of one day (UTC), to one country or in total. */
export interface SendBudgetsTable {
  scope: string
  day: string
  messages: Generated<number>
  cost: Generated<string>
  soft_at: Date | null
  hard_at: Date | null
}

/** A prefix or country that receives no messages until `ends_at`. */
export interface GuardBlocksTable {
  scope: string
  target: string
  rule: string
  starts_at: Date
  ends_at: Date
  strikes: Generated<number>
  lifted_at: Date | null
}
