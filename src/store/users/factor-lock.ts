import { type RawBuilder, sql } from 'kysely'

/** Whether the factor `f` takes guesses and codes, as far as its lock goes. */
export const isUnlocked: RawBuilder<unknown> = sql`(f.locked_until is null or f.locked_until <= now())`
