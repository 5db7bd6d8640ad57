import { type RawBuilder, sql } from 'kysely'

/** Whole seconds until a moment: null for none, at least 1. */
export const secondsUntil = (moment: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`case when ${moment} is not null then greatest(1, ceil(extract(epoch from ${moment} - now())))::int end`

/** Whole seconds left of a moment: 0 when it is past or there is none. */
export const secondsLeft = (moment: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`coalesce(greatest(0, ceil(extract(epoch from ${moment} - now()))), 0)::int`
