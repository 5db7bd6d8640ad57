/** The evidence of a world after all its instances have written their records. */
export interface Evidence {
  sql: (text: string, values?: unknown[], name?: string) => Promise<Record<string, unknown>[]>
  /** The lines of the log. */
  logged: readonly string[]
  /** The passwords, codes and tokens that were used. */
  secrets: ReadonlySet<string>
  /** The number of calls of each provider. */
  calls: ReadonlyMap<string, number>
  /** Tells whether the caps on users and numbers were on. */
  caps: boolean
}

/** A full phone number, which only the factor it belongs to may contain. */
const WHOLE_NUMBER = /\+[1-9]\d{9,14}(?!\d)/

/** Tables that contain numbers on purpose. */
const HAS_NUMBERS = ['factors', 'notices']

/** Journal events about a decision on a user, each of which the audit trail must contain. */
const DECISIONS = [
  'login_ok',
  'login_failed',
  'login_throttled',
  'code_ok',
  'code_wrong',
  'code_refused',
  'send_refused',
]

/** A query for each invariant that finds its violations; no row may come back. */
const BREACHES: Record<string, string> = {
  'I2: no challenge takes more than five guesses': `
    select challenge_id from challenges where attempts > 5 or attempts > max_attempts`,
  'I2: a spent challenge has its guess counted': `
    select challenge_id from challenges where consumed_at is not null and attempts = 0`,
  'I3: the failures of an account are at least those of its open challenge': `
    select u.user_id from users u join challenges c on c.challenge_id = u.login_challenge_id
    join factors f on f.user_id = u.user_id and f.factor = c.factor
    where c.consumed_at is null and f.failures < c.attempts`,
  // Known users have their own share, which unknown users cannot use up.
  'I5: no number has more codes than its caps': `
    select phone_hash from sends
    where counts(status, receipt_at) and carries_code and created_at > now() - interval '1 day'
    group by phone_hash, known having $1 and (count(*) > 10 or count(*) filter (where created_at > now() - interval '1 hour') > 5)`,
  'I5: the budgets have what the ledger has': `
    select b.scope, b.day, b.messages, count(s.send_id) from send_budgets b
    left join sends s on s.budget_day = b.day and (b.scope = '*' or b.scope = coalesce(s.country, '-'))
    group by b.scope, b.day, b.messages having b.messages <> count(s.send_id)`,
  'I10: a user’s live challenge is the one that the user points to, and exists': `
    select u.user_id from users u where u.login_challenge_id is not null
    and not exists (select from challenges c where c.challenge_id = u.login_challenge_id and c.user_id = u.user_id)`,
  'I10: a key leads to a challenge of its own user': `
    select k.user_id from idempotency_keys k join challenges c using (challenge_id) where c.user_id <> k.user_id`,
}

/**
 * Returns one line for each violated invariant. I1 and I6 (one token for each challenge, and its claims) are counted
 * from the responses, I7 is checked by `digestTables`, and I8 by a login.
 */
export const breachesOf = async ({ sql, logged, secrets, calls, caps }: Evidence): Promise<string[]> => {
  const breaches: string[] = []
  for (const [promise, query] of Object.entries(BREACHES)) {
    const rows = await sql(query, query.includes('$1') ? [caps] : [], promise.slice(0, 60))
    if (rows.length > 0) breaches.push(`${promise}: ${JSON.stringify(rows[0])}`)
  }

  // I1: the number of granted tokens equals the number of spent challenges.
  const events = logged.map((line) => JSON.parse(line) as Record<string, unknown>)
  const granted = events.filter(({ event }) => event === 'code_ok').map(({ challenge_id }) => challenge_id)
  if (new Set(granted).size !== granted.length) breaches.push('I1: a challenge gave two tokens')
  const [{ spent } = {}] = await sql(
    'select count(*)::int as spent from challenges where consumed_at is not null and challenge_id = any($1)',
    [granted],
  )
  if (spent !== granted.length) breaches.push(`I1: ${granted.length} tokens for ${spent} spent challenges`)

  // I4: no table contains a secret. Exempt are the number of a factor and a number that a challenge verifies.
  const tables = await sql(
    `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  )
  const searched = tables.map(({ table_name: table }) => String(table)).filter((table) => !HAS_NUMBERS.includes(table))
  const everyRow = searched.map(
    (table) => `select '${table}' as table_name, (to_jsonb(t) - 'new_phone')::text as row from "${table}" t`,
  )
  for (const { table_name: table, row } of await sql(everyRow.join(' union all '))) {
    const text = String(row)
    if (WHOLE_NUMBER.test(text)) breaches.push(`I4: ${table} has a whole number`)
    for (const secret of secrets) {
      // Ids and times contain six digits by chance; codes are searched only in texts.
      if (secret.length > 8 && text.includes(secret)) breaches.push(`I4: ${table} has a secret`)
    }
  }

  // I5: the number of calls to providers matches the ledger.
  const entries = await sql(
    `select provider, count(*)::int as count from sends
     where status <> 'queued' and reason is distinct from 'not handed over' group by provider`,
  )
  // On a busy machine the outcome may find no connection: an event reports it, and its entry stays queued.
  const unrecorded = events.filter(({ event }) => event === 'delivery_not_recorded')
  for (const [provider, called] of calls) {
    const entered = Number(entries.find((entry) => entry['provider'] === provider)?.['count'] ?? 0)
    const missing = unrecorded.filter((event) => event['provider'] === provider).length
    if (entered > called || entered + missing < called) {
      breaches.push(`I5: ${provider} was called ${called} times, the ledger has ${entered}`)
    }
  }

  // I9: every decision is in the audit trail.
  const decided = events.filter(({ event }) => DECISIONS.includes(String(event))).length
  const [{ kept } = {}] = await sql('select count(*)::int as kept from audit_events where event = any($1)', [DECISIONS])
  if (kept !== decided) breaches.push(`I9: ${decided} decisions, ${kept} in the audit trail`)
  return breaches
}
