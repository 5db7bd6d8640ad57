import { type Kysely, sql } from 'kysely'

/**
 * Lets a factor judge by what it keeps of the user, and a challenge send nothing. Instances of the former version keep
 * working, because they do not open such challenges. But they answer 500 at `/login` for a user with another factor than
 * `sms`: enroll users only after the last of these instances has stopped.
 */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    alter table factors
      -- What the factor judges answers by, sealed by the factor itself; null for those that keep none.
      add column secret bytea,
      -- The last value that a correct answer advanced it to, such as a time step: the next one must exceed it.
      add column counter bigint check (counter >= 0)`.execute(db)
  await sql`
    alter table challenges
      -- Null where nothing was sent.
      alter column channel drop not null,
      -- Null where the enrollment alone judges.
      alter column code_hash drop not null,
      -- What the client is told besides, as the factor made it.
      add column options jsonb`.execute(db)
}
