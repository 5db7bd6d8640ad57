import ipaddr from 'ipaddr.js'
import { explainFault } from '../store/explain-fault.ts'
import type { LoginObstacles } from '../store/readiness/login-needs.ts'
import type { ServerFacts } from '../store/readiness/server-facts.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** The input of the database check. */
export interface DatabaseLook {
  facts: ServerFacts
  poolSize: number
  /** True if a pooler in transaction mode is between. */
  pooled?: boolean
  /** Obstacles to a login. */
  state?: LoginObstacles
}

const MIN_VERSION = 15

/** Returns the reach of an unencrypted connection: this machine, a private network, or beyond. */
const reachOf = (address: string | null): 'machine' | 'network' | 'beyond' => {
  if (address === null) return 'machine'
  const range = ipaddr.isValid(address) ? ipaddr.process(address).range() : 'unicast'
  if (range === 'loopback') return 'machine'
  return range === 'private' || range === 'uniqueLocal' || range === 'linkLocal' ? 'network' : 'beyond'
}

const ENCRYPT = 'Enable TLS in Postgres (ssl=on) and add ?sslmode=verify-full to DATABASE_URL.'

const tlsFinding = ({ encrypted, address }: ServerFacts): Finding => {
  const looked = 'DATABASE_URL, the connection'
  if (encrypted) return ok(looked, 'The connection is encrypted.')
  const reach = reachOf(address)
  if (reach === 'machine') return ok(looked, 'The connection stays on this machine.')
  return reach === 'network'
    ? warning(looked, 'The connection is not encrypted and uses a private network.', ENCRYPT)
    : fault(looked, 'The connection is not encrypted and uses a public network.', ENCRYPT)
}

const connectionsFinding = ({ maxConnections, usedConnections, instances }: ServerFacts, poolSize: number): Finding => {
  const looked = 'DATABASE_POOL_SIZE and max_connections'
  const wanted = poolSize * Math.max(1, instances)
  const free = maxConnections - usedConnections
  const shown = `${instances || 1} seen × ${poolSize} of ${maxConnections}`
  if (wanted > maxConnections)
    return fault(
      looked,
      `All instances together need more connections than Postgres allows (${shown}).`,
      'Lower DATABASE_POOL_SIZE or raise max_connections.',
    )
  if (poolSize > free)
    return warning(
      looked,
      `${free} connections are free, and another instance needs ${poolSize}.`,
      'Lower DATABASE_POOL_SIZE or raise max_connections before you start another instance.',
    )
  return ok(looked, `There are enough connections (${shown}).`)
}

/** Checks that the database accepts a write and every statement of a login. */
const loginFindings = (
  { readOnly, tables, rights, refusal }: LoginObstacles,
  { role, standby }: ServerFacts,
): Finding[] => {
  const looked = 'the statements of a login'
  const findings = [
    ...(readOnly && !standby
      ? [fault(looked, 'The database is read-only.', 'Free disk space, or set DATABASE_URL to the primary.')]
      : []),
    ...(rights.length > 0
      ? [fault(looked, `${role} lacks ${rights.join(', ')}.`, 'Grant them, or use the role that owns the tables.')]
      : []),
    ...(tables.length > 0
      ? [fault(looked, `The tables ${tables.join(', ')} are missing.`, 'Run: npx doorcode migrate')]
      : []),
  ]
  if (findings.length > 0) return findings
  if (!refusal) return [ok(looked, 'The database accepts all of them and writes.')]
  const { said, todo = 'Check the log of Postgres.' } = explainFault(refusal)
  return [fault(looked, `The database refuses a statement: ${said}.`, todo)]
}

/** Checks version, role, connection and durability of the database. */
export const checkDatabase = ({ facts, poolSize, pooled = false, state }: DatabaseLook): Finding[] => {
  const { version, superuser, role, fsync, synchronousCommit, standby } = facts
  const durable = fsync && synchronousCommit !== 'off'
  return [
    version >= MIN_VERSION
      ? ok('the version of Postgres', `The version is ${version}.`)
      : fault('the version of Postgres', `The version is ${version}.`, `Doorcode needs ${MIN_VERSION} or later.`),
    tlsFinding(facts),
    superuser
      ? fault(
          'the role of DATABASE_URL',
          `${role} is a superuser: an attacker who takes over the service controls the whole database server.`,
          `Create a role that is not a superuser (create role doorcode login), make it the owner of this database, and use it in DATABASE_URL.`,
        )
      : ok('the role of DATABASE_URL', `${role} is not a superuser.`),
    connectionsFinding(facts, poolSize),
    durable
      ? ok('fsync and synchronous_commit', 'Committed data is on disk.')
      : fault(
          'fsync and synchronous_commit',
          'A power failure can lose committed data, so that codes and refresh tokens could be used twice.',
          'Set both to on.',
        ),
    ...(pooled
      ? [
          fault(
            'DATABASE_URL, the connection',
            'A pooler in transaction mode is between: it loses prepared statements and session settings.',
            'Connect to Postgres directly, or to a pooler in session mode.',
          ),
        ]
      : []),
    ...(standby ? [fault('DATABASE_URL', 'It leads to a standby, which is read-only.', 'Set it to the primary.')] : []),
    ...(state ? loginFindings(state, facts) : []),
  ]
}

/** Compares the migrations of the database with those of this version. */
export const checkMigrations = ({
  pending,
  unknown,
}: {
  pending: readonly string[]
  unknown: readonly string[]
}): Finding[] => {
  if (pending.length > 0) {
    // A database without the first migration has none.
    const lacking = pending.some((name) => name.startsWith('0001_')) ? 'every migration' : pending.join(', ')
    return [fault('migrations', `The database lacks ${lacking}.`, 'Run: npx doorcode migrate')]
  }
  if (unknown.length > 0)
    return [
      warning(
        'migrations',
        `The database has ${unknown.join(', ')}, which a newer version added.`,
        'Run the newer version. docs/going-to-production.md explains how to go back.',
      ),
    ]
  return [ok('migrations', 'The database has exactly the migrations of this version.')]
}

const DAY = 86_400_000

/** Checks whether Postgres archives its log, which is all that SQL shows about backups. */
export const checkBackups = ({ archive, now }: Pick<ServerFacts, 'archive'> & { now: number }): Finding[] => {
  const looked = 'pg_stat_archiver (all that SQL shows of backups)'
  const sure = 'Check that backups are made, and restore one as a test, with keys and secrets.'
  if (archive.mode === 'off')
    return [
      warning(looked, 'Postgres does not archive its log. A managed service or a dump may still make backups.', sure),
    ]
  const { lastArchived, lastFailed } = archive
  if (lastFailed && (!lastArchived || lastFailed > lastArchived))
    return [
      fault(
        looked,
        `Archiving the log fails, last at ${lastFailed.toISOString()}.`,
        'Check the log of Postgres for archive_command.',
      ),
    ]
  if (!lastArchived || now - lastArchived.getTime() > DAY)
    return [warning(looked, 'Postgres archived nothing for a day.', sure)]
  return [
    warning(
      looked,
      `The log is archived, last at ${lastArchived.toISOString()}; SQL does not show base backups.`,
      sure,
    ),
  ]
}
