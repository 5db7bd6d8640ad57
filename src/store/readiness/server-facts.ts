import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** The facts about a Postgres server and the connections to it. */
export interface ServerFacts {
  /** The major version. */
  version: number
  role: string
  superuser: boolean
  /** True when this connection uses TLS. */
  encrypted: boolean
  /** The server's address; null for a local socket. */
  address: string | null
  maxConnections: number
  usedConnections: number
  /** The number of addresses from which instances of Doorcode are connected. */
  instances: number
  fsync: boolean
  synchronousCommit: string
  standby: boolean
  archive: { mode: string; lastArchived: Date | null; lastFailed: Date | null }
  /** The database's clock, with a precision of 1 ms. */
  now: Date
}

type Row = Omit<ServerFacts, 'archive'> & { mode: string; lastArchived: Date | null; lastFailed: Date | null }

const backendOf = async ({ kysely }: Database): Promise<number | undefined> => {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(kysely)
  return rows[0]?.pid
}

/** Returns true when two open connections have the same backend, which a pooler in transaction mode shares. */
export const isTransactionPooled = async (one: Database, other: Database): Promise<boolean> =>
  (await backendOf(one)) === (await backendOf(other))

/** Reads the facts in one statement, which every role may run. Throws the database's error. */
export const readServerFacts = async ({ kysely }: Database): Promise<ServerFacts> => {
  const { rows } = await sql<Row>`
    select current_setting('server_version_num')::int / 10000 as version, current_user as role,
      (select rolsuper from pg_roles where rolname = current_user) as superuser,
      coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as encrypted,
      host(inet_server_addr()) as address,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as "maxConnections",
      (select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid())::int
        as "usedConnections",
      (select count(distinct coalesce(client_addr::text, '')) from pg_stat_activity
        where application_name = 'doorcode' and pid <> pg_backend_pid())::int as instances,
      current_setting('fsync') = 'on' as fsync, current_setting('synchronous_commit') as "synchronousCommit",
      pg_is_in_recovery() as standby, current_setting('archive_mode') as mode,
      last_archived_time as "lastArchived", last_failed_time as "lastFailed", clock_timestamp() as now
    from pg_stat_archiver`.execute(kysely)
  const { mode, lastArchived, lastFailed, ...facts } = rows[0]!
  return { ...facts, archive: { mode, lastArchived, lastFailed } }
}

/** The facts in the tables of Doorcode. */
export interface ServiceFacts {
  users: number
  /** Requests of the last day in the audit trail: their number, the number of addresses, and an example address. */
  seen: { requests: number; addresses: number; example: string | null }
  /** The number of events given up within the last day, and of those that have waited for more than an hour. */
  events: { abandoned: number; waiting: number }
}

/** Reads the facts from the tables of Doorcode. Throws the database's error, also when a table is missing. */
export const readServiceFacts = async ({ kysely }: Database): Promise<ServiceFacts> => {
  const { rows } = await sql<{
    users: number
    requests: number
    addresses: number
    example: string | null
    abandoned: number
    waiting: number
  }>`
    select
      (select count(*) from users where username_key not like ' %')::int as users,
      (select count(*) from audit_events where created_at > now() - interval '1 day')::int as requests,
      (select count(distinct address) from audit_events where created_at > now() - interval '1 day')::int as addresses,
      (select address from audit_events order by audit_event_id desc limit 1) as example,
      (select count(*) from events where abandoned_at > now() - interval '1 day')::int as abandoned,
      (select count(*) from events where delivered_at is null and abandoned_at is null
        and created_at < now() - interval '1 hour')::int as waiting`.execute(kysely)
  const { users, requests, addresses, example, abandoned, waiting } = rows[0]!
  return { users, seen: { requests, addresses, example }, events: { abandoned, waiting } }
}
