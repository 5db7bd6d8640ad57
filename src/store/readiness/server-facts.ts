import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** What a Postgres says of itself and of us. */
export interface ServerFacts {
  /** The major version. */
  version: number
  role: string
  superuser: boolean
  /** Whether this connection has TLS, and to which address it leads; null for a socket of this machine. */
  encrypted: boolean
  address: string | null
  maxConnections: number
  usedConnections: number
  /** Machines from which instances of ours are connected. */
  instances: number
  fsync: boolean
  synchronousCommit: string
  standby: boolean
  archive: { mode: string; lastArchived: Date | null; lastFailed: Date | null }
  /** The database's clock, to the ms. */
  now: Date
}

type Row = Omit<ServerFacts, 'archive'> & { mode: string; lastArchived: Date | null; lastFailed: Date | null }

const backendOf = async ({ kysely }: Database): Promise<number | undefined> => {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(kysely)
  return rows[0]?.pid
}

/** Whether two connections that are open side by side have one backend: a pooler shares it between transactions. */
export const isTransactionPooled = async (one: Database, other: Database): Promise<boolean> =>
  (await backendOf(one)) === (await backendOf(other))

/** Asks for all of it in one statement, which every role may run. Throws the database's error. */
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

/** What is in our own tables, once they are there. */
export interface ServiceFacts {
  users: number
  /** Requests of the last day as the audit trail has them: how many, from how many addresses, and one of these. */
  seen: { requests: number; addresses: number; example: string | null }
  /** Events of the last day that nobody could be told of, and those that wait for longer than an hour. */
  events: { abandoned: number; waiting: number }
}

/** Asks our own tables. Throws the database's error, as when they are not there. */
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
