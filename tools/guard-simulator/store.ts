import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { GuardPolicy } from '../../src/core/guard/rules.ts'
import type { Database } from '../../src/store/database.ts'
import type { Tables } from '../../src/store/tables/index.ts'
import { numberInLedger } from './replay.ts'
import type { SimulatedSend, SimulatedVerdict } from './simulated-send.ts'

/** The input of a simulation. */
export interface Simulation {
  sends: readonly SimulatedSend[]
  policy: GuardPolicy
  /** Returns true for a kind of messages whose clients pass a human check. */
  passesCheck: (kind: string) => boolean
  /** Gives the guard the ledger of the 30 days before this time as history; without it, the history is empty. */
  ledgerBefore?: Date
}

/** A simulation of the guard, which sends no messages. */
export interface GuardSimulation {
  /**
   * Returns the guard's verdict on each message, in the given order. Each message is submitted at its time. A sent message
   * arrives unless `isLost`, and its code is entered after `verifiedAfter`. At the start no block is active and all budgets
   * are unused. The same input gives the same verdicts. It stores nothing and does not write the tables of the service.
   * Throws the database's error.
   */
  run(simulation: Simulation): Promise<SimulatedVerdict[]>
}

/** The tables that the guard uses. Their copies in the session's temporary schema hide those of the service. */
const SCRATCH = ['sends', 'factors', 'send_budgets', 'guard_blocks', 'events'] as const

/**
 * Submits one message after the other to the guard, each in its own transaction. The simulation takes the same locks as the
 * service, so longer transactions would delay real logins.
 */
const ASK_EACH = sql`
  do $$
  declare
    next record;
    answer record;
    before timestamptz := '-infinity';
    position integer := 0;
    policy jsonb := (select p.policy from simulation_policy p);
  begin
    loop
      select s.* into next from simulation s where s.place = position;
      exit when not found;
      update sends s set verified_at = v.verified_at from simulation v
      where v.verified_at > before and v.verified_at <= next.at and s.send_id = v.send_id;
      before := next.at;

      loop
        select g.* into answer from guard_send(next.at, policy, next.user_id, next.number, next.phone_hash, next.prefix,
          next.country, next.channel, next.address, next.network, next.price, false, next.checked) g;
        exit when answer.verdict <> 'check' or next.checked or not next.passes_check;
        next.checked := true;
      end loop;
      update simulation s set verdict = answer.verdict, rule = answer.rule,
        checked = next.checked or answer.verdict = 'check'
      where s.place = position;
      if answer.verdict = 'send' then
        insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments,
          price, status, created_at, settled_at, address, network, known)
        values (next.send_id, next.send_id, next.user_id, 'simulation', next.channel, next.country, next.prefix,
          next.phone_hash, next.segments, next.price, next.status, next.at, next.at, next.address, next.network,
          answer.known);
      end if;
      position := position + 1;
      commit;
    end loop;
  end $$`

/** Builds the hash of a number in a simulation; the service uses an HMAC with a secret. */
const hashOf = (number: RawBuilder<unknown>) => sql`sha256(convert_to(${number}, 'UTF8'))`

/** Returns the messages as JSON for the database. `place` is the position in time, `given` that in the input. */
const toRows = ({ sends, passesCheck }: Simulation): string =>
  JSON.stringify(
    sends
      .map((send, given) => ({ send, given }))
      .toSorted((a, b) => a.send.at.getTime() - b.send.at.getTime())
      .map(({ send, given }, place) => ({
        ...send,
        given,
        place,
        userid: send.userId,
        verified: send.verifiedAfter === null ? null : new Date(send.at.getTime() + send.verifiedAfter * 1_000),
        lost: send.isLost === true,
        passes: passesCheck(send.kind),
      })),
  )

const enterSends = (rows: string) => sql`
  insert into simulation (place, given, at, user_id, number, phone_hash, prefix, country, channel, address, network,
    segments, price, status, verified_at, passes_check)
  select place, given, at, userid, number, ${hashOf(sql.ref('number'))}, left(number, -4), country, channel, address,
    network, segments, price, case when lost then 'undelivered' else 'delivered' end, verified, passes
  from jsonb_to_recordset(${rows}::jsonb) as x (place int, given int, at timestamptz, userid uuid, number text,
    country text, channel text, address text, network text, segments int, price numeric, lost boolean,
    verified timestamptz, passes boolean)`

const setUp = async (db: Kysely<Tables>, simulation: Simulation): Promise<void> => {
  const before = sql.lit((simulation.ledgerBefore ?? new Date(0)).toISOString())
  // Read the ledger before the scratch tables hide the tables of the service.
  await sql`
    create temporary table simulation_history as
    select s.*, ${numberInLedger} as number from sends s
    where s.carries_code and s.created_at < ${before}::timestamptz and s.created_at >= ${before}::timestamptz - interval '30 days'`.execute(
    db,
  )
  for (const table of SCRATCH) {
    await sql`create temporary table ${sql.table(table)} (like ${sql.table(table)} including all)`.execute(db)
  }
  await sql`
    create temporary table simulation (
      place integer primary key,
      given integer not null,
      send_id uuid not null default gen_random_uuid(),
      at timestamptz not null,
      user_id uuid not null,
      number text not null,
      phone_hash bytea not null,
      prefix text not null,
      country text,
      channel text not null,
      address text,
      network text,
      segments integer not null,
      price numeric,
      status text not null,
      verified_at timestamptz,
      passes_check boolean not null,
      checked boolean not null default false,
      verdict text,
      rule text
    )`.execute(db)
  await sql`create index on simulation (verified_at)`.execute(db)
  await sql`create temporary table simulation_policy (policy jsonb not null)`.execute(db)

  await enterSends(toRows(simulation)).execute(db)
  await sql`insert into simulation_policy values (${JSON.stringify(simulation.policy)}::jsonb)`.execute(db)
  await sql`
    insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, price,
      status, created_at, receipt_at, address, network, verified_at, known)
    select send_id, challenge_id, user_id, provider, channel, country, prefix, ${hashOf(sql.ref('number'))}, segments,
      price, status, created_at, receipt_at, address, network, verified_at, known
    from simulation_history`.execute(db)
  await sql`
    insert into factors (user_id, factor, phone)
    select distinct on (user_id) user_id, 'sms', number
    from (select user_id, number from simulation union all select user_id, number from simulation_history) x
    order by user_id, number`.execute(db)
  await sql`analyze sends`.execute(db)
}

/** The settings of the session during a simulation. */
const SETTINGS = {
  // Statements are planned while the tables are empty; the plans would keep sequential scans.
  enable_seqscan: 'off',
  jit: 'off',
  statement_timeout: '0',
}

/**
 * Creates simulations on this database. They run the guard's function on scratch tables of one session. The database must be
 * opened with `patient`, and directly or through a pooler in session mode.
 */
export const createGuardSimulation = ({ kysely }: Database): GuardSimulation => ({
  run: (simulation) =>
    kysely.connection().execute(async (db) => {
      try {
        for (const [name, value] of Object.entries(SETTINGS)) {
          await sql`select set_config(${name}, ${value}, false)`.execute(db)
        }
        await setUp(db, simulation)
        // The function may have run in this session, and then has plans for the tables of the service.
        await sql`discard plans`.execute(db)
        // From here on the server itself rejects writes to any table but the scratch tables.
        await sql`set default_transaction_read_only = on`.execute(db)
        await ASK_EACH.execute(db)
        const { rows } = await sql<SimulatedVerdict>`
          select verdict, rule, checked from simulation order by given`.execute(db)
        return rows
      } finally {
        for (const name of ['default_transaction_read_only', ...Object.keys(SETTINGS)]) {
          await sql`reset ${sql.id(name)}`.execute(db)
        }
        await sql`discard temporary`.execute(db)
        await sql`discard plans`.execute(db)
      }
    }),
})
