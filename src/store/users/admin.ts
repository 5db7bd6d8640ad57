import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { FactorSummary, UserAdmin, UserRef, UserSummary } from '../../core/account/admin-ports.ts'
import { usernameKey } from '../../core/login/username.ts'
import type { Database } from '../database.ts'

/** A user by id or by name; the other member is null. */
interface Target {
  userId: string | null
  key: string | null
}

const targetOf = (user: UserRef): Target =>
  typeof user === 'string' ? { userId: null, key: usernameKey(user) } : { userId: user.userId, key: null }

/** True when the row `u` is a user and not a registration, whose key begins with a space. */
const isUser = sql`u.username_key not like ' %'`

const isTarget = (p: Target): RawBuilder<unknown> => sql`${isUser}
  and (u.user_id = ${p.userId}::uuid or u.username_key = ${p.key}::text)`

/** Sorts after every character of a name. Appended to a prefix, it gives the end of a range. */
const LAST_CHARACTER = '\u{10FFFF}'

/** Sorts before every name and after every key that begins with a space. */
const BEFORE_NAMES = ` ${LAST_CHARACTER}`

const summaries = sql`
  select u.user_id as "userId", u.username, u.username_key as key, u.locale,
    (
      select f.phone from factors f where f.user_id = u.user_id and f.phone is not null
      order by f.created_at, f.factor limit 1
    ) as phone,
    u.password_hash is not null as "hasPassword", u.disabled_at is not null as disabled,
    (
      select coalesce(jsonb_agg(jsonb_build_object('name', f.factor, 'failures', f.failures,
        'lockedUntil', f.locked_until, 'disabled', f.disabled_at is not null) order by f.created_at, f.factor), '[]')
      from factors f where f.user_id = u.user_id
    ) as factors,
    u.created_at as "createdAt"
  from users u`

/** Opens the users for an operator. Its statements lock in the order of the login flow: factor, then user. */
export const createUserAdmin = (db: Database): UserAdmin => {
  type Row = Omit<UserSummary, 'factors'> & {
    key: string
    factors: (Omit<FactorSummary, 'lockedUntil'> & { lockedUntil: string | null })[]
  }

  const add = db.prepare<
    {
      userId: string
      username: string
      key: string
      passwordHash: string | null
      factor: string
      phone: string
      locale: string | null
    },
    { userId: string }
  >(
    'user_add',
    (p) => sql`
      with account as (
        insert into users (user_id, username, username_key, password_hash, locale)
        values (${p.userId}::uuid, ${p.username}, ${p.key}, ${p.passwordHash}::text, ${p.locale}::text)
        on conflict (username_key) do nothing
        returning user_id
      )
      insert into factors (user_id, factor, phone) select user_id, ${p.factor}, ${p.phone} from account
      returning user_id as "userId"`,
  )
  const list = db.prepare<object, Row>(
    'user_list',
    () => sql`${summaries} where ${isUser} order by u.username_key using ~<~`,
    { readOnly: true },
  )
  // Ranges and not `like`: with `like`, the index serves only a prefix that is known when the statement is planned.
  const page = db.prepare<{ from: string; to: string; after: string; phone: string | null; limit: number }, Row>(
    'user_search',
    (p) => sql`
      with found as materialized (
        (
          select u.user_id, u.username_key from users u
          where u.username_key ~>=~ ${p.from} and u.username_key ~<~ ${p.to} and u.username_key ~>~ ${p.after} and ${isUser}
          order by u.username_key using ~<~ limit ${p.limit}::int
        ) union (
          select u.user_id, u.username_key from factors f join users u on u.user_id = f.user_id
          where f.phone = ${p.phone}::text and u.username_key ~>~ ${p.after} and ${isUser}
          order by u.username_key using ~<~ limit ${p.limit}::int
        )
      )
      ${summaries} join found on found.user_id = u.user_id
      order by u.username_key using ~<~ limit ${p.limit}::int`,
    { readOnly: true },
  )
  const find = db.prepare<Target, Row>('user_find', (p) => sql`${summaries} where ${isTarget(p)}`, { readOnly: true })
  const disable = db.prepare<Target, unknown>(
    'user_disable',
    (p) => sql`
      update users u set disabled_at = coalesce(u.disabled_at, now()), auth_epoch = u.auth_epoch + 1
      where ${isTarget(p)} returning 1`,
  )
  const enable = db.prepare<Target, unknown>(
    'user_enable',
    (p) => sql`update users u set disabled_at = null where ${isTarget(p)} returning 1`,
  )
  const endSessions = db.prepare<Target, unknown>(
    'user_end_sessions',
    (p) => sql`update users u set auth_epoch = u.auth_epoch + 1 where ${isTarget(p)} returning 1`,
  )
  const resetFactors = db.prepare<Target & { factor: string | null; phone: string | null }, unknown>(
    'user_reset_factors',
    (p) => sql`
      with target as materialized (
        select u.user_id from users u where ${isTarget(p)}
      ), former as materialized (
        select f.user_id, f.factor, f.phone from factors f join target using (user_id) for no key update of f
      ), reset as (
        update factors f set failures = 0, locked_until = null, disabled_at = null,
          phone = case when f.factor = ${p.factor}::text then ${p.phone}::text else f.phone end
        from former where f.user_id = former.user_id and f.factor = former.factor
        returning f.user_id, f.phone, former.phone as former_phone
      ), enrolled as (
        -- A user may have had no number.
        insert into factors (user_id, factor, phone)
        select user_id, ${p.factor}::text, ${p.phone}::text from target where ${p.phone}::text is not null
        on conflict (user_id, factor) do nothing
      ), noticed as (
        insert into notices (user_id, phone)
        select user_id, former_phone from reset where former_phone <> phone
      ), counted as materialized (
        -- Counted so that all factors are locked before the user.
        select count(*) as factors from reset
      )
      update users u set auth_epoch = u.auth_epoch + 1
      from target, counted where u.user_id = target.user_id and counted.factors >= 0
      returning 1`,
  )

  const setPassword = db.prepare<Target & { passwordHash: string }, unknown>(
    'user_set_password',
    (p) => sql`
      with former as materialized (
        select u.user_id, u.password_hash from users u where ${isTarget(p)} for no key update
      ), changed as (
        update users u set password_hash = ${p.passwordHash}, auth_epoch = u.auth_epoch + 1
        from former where u.user_id = former.user_id
        returning u.user_id
      ), noticed as (
        -- An imported user has no former password, so the first one needs no notice.
        insert into notices (kind, user_id, phone)
        select 'password_changed', f.user_id, f.phone
        from changed join former using (user_id) join factors f using (user_id)
        where former.password_hash is not null and f.phone is not null
      )
      select 1 from changed`,
  )

  const summaryOf = ({ key, factors, ...user }: Row): UserSummary => ({
    ...user,
    factors: factors.map(({ lockedUntil, ...factor }) => ({
      ...factor,
      lockedUntil: lockedUntil === null ? null : new Date(lockedUntil),
    })),
  })
  const exists = async (rows: Promise<unknown[]>): Promise<boolean> => (await rows).length > 0

  return {
    async add({ username, passwordHash, factor, phone, locale = null }) {
      const key = usernameKey(username)
      return (await add({ userId: randomUUID(), username, key, passwordHash, factor, phone, locale }))[0]?.userId
    },

    list: async () => (await list({})).map(summaryOf),

    async search({ q = '', phone, limit, after = BEFORE_NAMES }) {
      const from = usernameKey(q)
      // One extra row shows that there is a next page.
      const rows = await page({ from, to: from + LAST_CHARACTER, after, phone: phone ?? null, limit: limit + 1 })
      const users = rows.slice(0, limit)
      return { users: users.map(summaryOf), next: rows.length > limit ? users.at(-1)?.key : undefined }
    },

    find: async (user) => (await find(targetOf(user))).map(summaryOf)[0],
    setDisabled: (user, disabled) => exists((disabled ? disable : enable)(targetOf(user))),
    resetFactor: (user) => exists(resetFactors({ ...targetOf(user), factor: null, phone: null })),
    setPhone: (user, phone) => exists(resetFactors({ ...targetOf(user), ...phone })),
    setPassword: (user, passwordHash) => exists(setPassword({ ...targetOf(user), passwordHash })),
    endSessions: (user) => exists(endSessions(targetOf(user))),
  }
}
