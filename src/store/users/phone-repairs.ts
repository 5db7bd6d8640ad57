import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** The changes of the migration `0012_one_spelling_of_numbers`. */
export interface PhoneRepairs {
  /** The number of accounts whose phone number was rewritten. */
  repaired: number
  /** Numbers that several accounts had in different spellings, each with the names of all its accounts. */
  shared: { phone: string; usernames: string[] }[]
}

/** Reads the repaired numbers from the audit trail, and those of them that several accounts share. */
export const findPhoneRepairs = async ({ kysely }: Database): Promise<PhoneRepairs> => {
  const { rows } = await sql<PhoneRepairs>`
    with repaired as (
      select distinct f.user_id, f.phone from audit_events a join factors f on f.user_id = a.user_id
      where a.event = 'phone_repaired' and f.phone is not null
    ), shared as (
      select f.phone, array_agg(u.username order by u.username_key) as usernames
      from factors f join users u on u.user_id = f.user_id
      where f.phone in (select phone from repaired) and u.username_key not like ' %'
      group by f.phone having count(*) > 1
    )
    select (select count(*) from repaired)::int as repaired,
      coalesce((select jsonb_agg(to_jsonb(shared) order by phone) from shared), '[]') as shared`.execute(kysely)
  return rows[0]!
}
