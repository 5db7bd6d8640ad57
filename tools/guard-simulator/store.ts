import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { GuardPolicy } from '../../src/core/guard/rules.ts'
import type { Database } from '../../src/store/database.ts'
import type { Tables } from '../../src/store/tables/index.ts'
import { numberInLedger } from './replay.ts'
import type { SimulatedSend, SimulatedVerdict } from './simulated-send.ts'

/** What one run goes by. */
export interface Simulation {
  sends: readonly SimulatedSend[]
  policy: GuardPolicy
  /** Who passes a human check that is asked for, by their kind. */
  passesCheck: (kind: string) => boolean
  /** Lets the guard look back on what the ledger has of the 30 days before this moment; without it, on nothing. */
  ledgerBefore?: Date
}

/** Asks the guard about messages that nobody asked for. */
export interface GuardSimulation {
  /**
   * The guard's word on each message, in the order given: each is asked about at its time, what goes arrives unless it is
   * lost, and its code is entered when it says so. No block is in force at first and no budget touched. The same input gives the same
   * words. Nothing of it stays, and the tables of the service are not written. Throws the database's error.
   */
  run(simulation: Simulation): Promise<SimulatedVerdict[]>
}

/** The tables that the guard works on. In the session's temporary schema they come before those of the service. */
const SCRATCH = ['sends', 'factors', 'send_budgets', 'guard_blocks', 'events'] as const

/**
 * Asks about one message after the other. Each has its own transaction: the guard's locks are those of the service, and
 * to hold them for longer would hold up real logins.
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

/** Stands for a number here; the service has a secret for it. */
const hashOf = (number: RawBuilder<unknown>) => sql`sha256(convert_to(${number}, 'UTF8'))`

/** One row for each message, as the database reads it; `place` is that in time, `given` that in the list. */
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
  // Read before the scratch tables take the names of those of the service.
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

/** Settings of the session while it asks. */
const SETTINGS = {
  // Plans are made while the tables are empty, and would read them from end to end ever after.
  enable_seqscan: 'off',
  jit: 'off',
  statement_timeout: '0',
}

/**
 * Simulations on this database, by the guard's own function on scratch tables of one session. The pool must not limit the
 * time of a statement, and its connections be its own: a pooler that shares them among clients cannot do this.
 */
export const createGuardSimulation = ({ kysely }: Database): GuardSimulation => ({
  run: (simulation) =>
    kysely.connection().execute(async (db) => {
      try {
        for (const [name, value] of Object.entries(SETTINGS)) {
          await sql`select set_config(${name}, ${value}, false)`.execute(db)
        }
        await setUp(db, simulation)
        // The function may have run in this session before, and then knows the tables of the service.
        await sql`discard plans`.execute(db)
        // Whatever should go wrong, the server itself now writes nothing but scratch tables.
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
