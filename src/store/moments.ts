import { type RawBuilder, sql } from 'kysely'

/** Builds the whole seconds until a moment, at least 1; null where the moment is null. */
export const secondsUntil = (moment: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`case when ${moment} is not null then greatest(1, ceil(extract(epoch from ${moment} - now())))::int end`

/** Builds the whole seconds until a moment; 0 where it has passed or is null. */
export const secondsLeft = (moment: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`coalesce(greatest(0, ceil(extract(epoch from ${moment} - now()))), 0)::int`
