import { createHash, randomUUID } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'
import { type Budgets, GUARD_RULES, type GuardPolicy } from '../../src/core/guard/rules.ts'
import { createTestDatabase } from './postgres.ts'

/** The start time of these tests: noon, so that no day ends by chance. */
export const NOON = new Date('2026-03-04T12:00:00Z')

/** Returns the time a number of seconds after noon. */
export const at = (seconds: number): Date => new Date(NOON.getTime() + seconds * 1_000)

/** Returns a policy with only these rules. */
export const rulesAlone = (
  names: readonly (keyof typeof GUARD_RULES)[],
  more: Partial<GuardPolicy> & { budgets?: Budgets } = {},
): GuardPolicy => ({
  ...Object.fromEntries(names.map((name) => [name, GUARD_RULES[name]])),
  budgets: {},
  codeTtl: 300,
  cooldowns: [30, 60, 120],
  humanCheck: false,
  ...more,
})

/** Returns a policy with every rule at its defaults, and with a human check. */
export const allRules = (more: Partial<GuardPolicy> = {}): GuardPolicy =>
  rulesAlone(Object.keys(GUARD_RULES) as (keyof typeof GUARD_RULES)[], { humanCheck: true, ...more })

/** A message with its other columns in the ledger. */
export interface Message {
  /** Seconds after noon. */
  time?: number
  user?: string
  number?: string
  country?: string | null
  channel?: string
  address?: string | null
  network?: string | null
  price?: number | null
  safe?: boolean
  human?: boolean
}

/** A ledger entry made without the guard. */
export interface Entry extends Message {
  status?: string
  /** Seconds after noon. */
  verifiedAt?: number | null
  receiptAt?: number | null
  known?: boolean
}

/** The guard's decision. */
export interface GuardDecision {
  verdict: string
  rule: string | null
  retryAfter: number | null
  known: boolean
}

let numbers = 0
/** Returns a message whose prefix, address and network no other message shares. */
const uniqueMessage = (): Required<Message> => {
  numbers += 1
  return {
    time: 0,
    user: randomUUID(),
    number: `+1${2_000_000 + numbers * 7}${String(numbers % 10_000).padStart(4, '0')}`,
    country: 'US',
    channel: 'sms',
    address: `address ${numbers}`,
    network: `network ${numbers}`,
    price: null,
    safe: false,
    human: false,
  }
}

const hashOf = (number: string) => createHash('sha256').update(number).digest()

/**
 * Opens the guard's function on a separate database and calls it as the service does, in the statement that enters the
 * send.
 */
export const createGuardDatabase = async (t: Test, connections = 2) => {
  const url = await createTestDatabase(t)
  const pool = new pg.Pool({ connectionString: url, max: connections, idleTimeoutMillis: 0 })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  // Opens all connections first, so that parallel calls really run in parallel.
  await Promise.all(Array.from({ length: connections }, () => pool.query('select pg_sleep(0.05)')))
  const sql = async (text: string, values: unknown[] = []) => (await pool.query(text, values)).rows

  const ask = (policy: GuardPolicy, enters: boolean) => async (given: Message) => {
    const message = { ...uniqueMessage(), ...given }
    const { time, user, number, country, channel, address, network, price, safe, human } = message
    const [said] = await sql(
      `with said as materialized (
         select * from guard_send($1, $2, $3, $4, $5, left($4, -4), $6, $7, $8, $9, $10, $11, $12)
       ), entered as (
         insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments,
           price, status, created_at, address, network, known)
         select gen_random_uuid(), gen_random_uuid(), $3, 'test', $7, $6, left($4, -4), $5, 1, $10, 'sent', $1, $8, $9, known
         from said where verdict = 'send' and $13
       )
       select verdict, rule, retry_after as "retryAfter", known from said`,
      [
        ...[at(time), JSON.stringify(policy), user, number, hashOf(number), country, channel, address, network, price],
        ...[safe, human, enters],
      ],
    )
    return said as GuardDecision
  }

  return {
    url,
    sql,
    /** Calls the guard, and enters the message if the guard allows it. */
    sender: (policy: GuardPolicy) => ask(policy, true),
    /** Calls the guard and enters nothing; budgets count all the same. */
    asker: (policy: GuardPolicy) => ask(policy, false),
    /** Enters a message without the guard. */
    async enter(given: Entry): Promise<void> {
      const message = { status: 'sent', verifiedAt: null, receiptAt: null, known: false, ...uniqueMessage(), ...given }
      const { time, user, number, country, channel, address, network, price } = message
      const { status, verifiedAt, receiptAt, known } = message
      const moment = (seconds: number | null) => (seconds === null ? null : at(seconds))
      await sql(
        `insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments,
           price, status, created_at, address, network, known, verified_at, receipt_at)
         values (gen_random_uuid(), gen_random_uuid(), $1, 'test', $2, $3, left($4, -4), $5, 1, $6, $7, $8, $9, $10, $11,
           $12, $13)`,
        [
          ...[user, channel, country, number, hashOf(number), price, status, at(time), address, network, known],
          ...[moment(verifiedAt), moment(receiptAt)],
        ],
      )
    },
    /** The guard reads consecutive numbers together with their users. */
    async addUser(number: string): Promise<string> {
      const user = randomUUID()
      await sql(`insert into users (user_id, username, username_key) values ($1, $2, $2)`, [user, user])
      await sql(`insert into factors (user_id, factor, phone) values ($1, 'sms', $2)`, [user, number])
      return user
    },
    /** Records that the code of everything sent to this number was entered at this time. */
    async verify(number: string, time: number): Promise<void> {
      await sql('update sends set verified_at = $2 where phone_hash = $1', [hashOf(number), at(time)])
    },
    /** Deletes all rows, so that the next test starts empty. */
    async clear(): Promise<void> {
      // Faster than truncation for tables of this size.
      for (const table of ['sends', 'send_budgets', 'guard_blocks', 'events', 'users'])
        await sql(`delete from ${table}`)
    },
  }
}
