import ipaddr from 'ipaddr.js'
import { explainFault } from '../store/explain-fault.ts'
import type { LoginObstacles } from '../store/readiness/login-needs.ts'
import type { ServerFacts } from '../store/readiness/server-facts.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** What the server said of itself, and what we ask of it. */
export interface DatabaseLook {
  facts: ServerFacts
  poolSize: number
  /** Whether a pooler in transaction mode is in between. */
  pooled?: boolean
  /** What stands in the way of a login. */
  state?: LoginObstacles
}

const OLDEST = 15

/** How far a connection without TLS goes: within the machine, within a private network, or beyond. */
const reachOf = (address: string | null): 'machine' | 'network' | 'beyond' => {
  if (address === null) return 'machine'
  const range = ipaddr.isValid(address) ? ipaddr.process(address).range() : 'unicast'
  if (range === 'loopback') return 'machine'
  return range === 'private' || range === 'uniqueLocal' || range === 'linkLocal' ? 'network' : 'beyond'
}

const ENCRYPT = 'Let Postgres speak TLS (ssl=on) and add ?sslmode=verify-full to DATABASE_URL.'

const tlsFinding = ({ encrypted, address }: ServerFacts): Finding => {
  const looked = 'DATABASE_URL, the connection'
  if (encrypted) return ok(looked, 'It is encrypted.')
  const reach = reachOf(address)
  if (reach === 'machine') return ok(looked, 'It stays on this machine.')
  return reach === 'network'
    ? warning(looked, 'It is not encrypted, and goes through a private network.', ENCRYPT)
    : fault(looked, 'It is not encrypted, and leaves the machine.', ENCRYPT)
}

const connectionsFinding = ({ maxConnections, usedConnections, instances }: ServerFacts, poolSize: number): Finding => {
  const looked = 'DATABASE_POOL_SIZE and max_connections'
  const wanted = poolSize * Math.max(1, instances)
  const free = maxConnections - usedConnections
  const shown = `${instances || 1} seen × ${poolSize} of ${maxConnections}`
  if (wanted > maxConnections)
    return fault(
      looked,
      `All instances together want more connections than there are (${shown}).`,
      'Lower the one or raise the other.',
    )
  if (poolSize > free)
    return warning(
      looked,
      `${free} connections are free, and one more instance wants ${poolSize}.`,
      'Lower the one or raise the other before you start another instance.',
    )
  return ok(looked, `There are enough (${shown}).`)
}

/** Whether the database takes what a login does: a write, and each of its statements. */
const loginFindings = (
  { readOnly, tables, rights, refusal }: LoginObstacles,
  { role, standby }: ServerFacts,
): Finding[] => {
  const looked = 'the statements of a login'
  const findings = [
    ...(readOnly && !standby
      ? [fault(looked, 'The database is read-only.', 'Free space on its disk, or name the primary.')]
      : []),
    ...(rights.length > 0
      ? [fault(looked, `${role} lacks ${rights.join(', ')}.`, 'Grant them, or name the role that owns the tables.')]
      : []),
    ...(tables.length > 0
      ? [fault(looked, `The tables ${tables.join(', ')} are missing.`, 'Run: npx doorcode migrate')]
      : []),
  ]
  if (findings.length > 0) return findings
  if (!refusal) return [ok(looked, 'The database takes them all, and writes.')]
  const { said, todo = 'Look into the log of Postgres.' } = explainFault(refusal)
  return [fault(looked, `The database refuses one: ${said}.`, todo)]
}

/** The database: its version, who we are there, how we reach it, and whether it keeps what it has said it kept. */
export const checkDatabase = ({ facts, poolSize, pooled = false, state }: DatabaseLook): Finding[] => {
  const { version, superuser, role, fsync, synchronousCommit, standby } = facts
  const durable = fsync && synchronousCommit !== 'off'
  return [
    version >= OLDEST
      ? ok('the version of Postgres', `It is ${version}.`)
      : fault('the version of Postgres', `It is ${version}.`, `Doorcode needs ${OLDEST} or later.`),
    tlsFinding(facts),
    superuser
      ? fault(
          'the role of DATABASE_URL',
          `${role} is a superuser: whoever takes over the service has the whole server.`,
          `Run as another: create role doorcode login; grant it this database.`,
        )
      : ok('the role of DATABASE_URL', `${role} is no superuser.`),
    connectionsFinding(facts, poolSize),
    durable
      ? ok('fsync and synchronous_commit', 'What is committed is on disk.')
      : fault(
          'fsync and synchronous_commit',
          'What is committed may be lost with the power: codes and refresh tokens could be used twice.',
          'Set both to on.',
        ),
    ...(pooled
      ? [
          fault(
            'DATABASE_URL, the connection',
            'A pooler in transaction mode is in between: prepared statements and settings of the session do not hold.',
            'Name Postgres itself, or a pooler in session mode.',
          ),
        ]
      : []),
    ...(standby
      ? [fault('DATABASE_URL', 'It leads to a standby, which cannot be written to.', 'Name the primary.')]
      : []),
    ...(state ? loginFindings(state, facts) : []),
  ]
}

/** The schema against what this version of the program knows. */
export const checkMigrations = ({
  pending,
  unknown,
}: {
  pending: readonly string[]
  unknown: readonly string[]
}): Finding[] => {
  if (pending.length > 0) {
    // One that lacks the first has none.
    const lacking = pending.some((name) => name.startsWith('0001_')) ? 'every migration' : pending.join(', ')
    return [fault('migrations', `The database lacks ${lacking}.`, 'Run: npx doorcode migrate')]
  }
  if (unknown.length > 0)
    return [
      warning(
        'migrations',
        `The database has ${unknown.join(', ')}, which this version does not know: a newer one has been here.`,
        'Run the newer one; going back is explained in docs/going-to-production.md.',
      ),
    ]
  return [ok('migrations', 'The database has all that this version knows, and no others.')]
}

const DAY = 86_400_000

/** What SQL can tell of backups, which is not much: only whether Postgres itself archives its log. */
export const checkBackups = ({ archive, now }: Pick<ServerFacts, 'archive'> & { now: number }): Finding[] => {
  const looked = 'pg_stat_archiver (all that SQL shows of backups)'
  const sure = 'Make sure that backups are made and that one was restored once, keys and secrets too.'
  if (archive.mode === 'off')
    return [
      warning(
        looked,
        'Postgres does not archive its log; a managed one, or a dump, may be backed up all the same.',
        sure,
      ),
    ]
  const { lastArchived, lastFailed } = archive
  if (lastFailed && (!lastArchived || lastFailed > lastArchived))
    return [
      fault(
        looked,
        `Archiving the log fails, last at ${lastFailed.toISOString()}.`,
        'Look into the log of Postgres for archive_command.',
      ),
    ]
  if (!lastArchived || now - lastArchived.getTime() > DAY)
    return [warning(looked, 'Nothing was archived for a day.', sure)]
  return [
    warning(looked, `The log is archived, last at ${lastArchived.toISOString()}; base backups cannot be seen.`, sure),
  ]
}
