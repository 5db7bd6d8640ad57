import { type Kysely, sql } from 'kysely'
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** Numbers that are looked at in one go. */
const PAGE = 10_000

/** The one spelling of a number; undefined where the number has it already, or is not in use. */
const repaired = (phone: string): string | undefined => {
  const parsed = parsePhoneNumberFromString(phone)
  return parsed?.isValid() && parsed.number !== phone ? parsed.number : undefined
}

/** Numbers of this column that have another spelling than the one that they should have, each with that one. */
const misspelled = async (db: Kysely<unknown>, table: string, column: string) => {
  const [from, phone] = [sql.table(table), sql.ref(column)]
  const found: { former: string; phone: string }[] = []
  for (let after = ''; ; ) {
    const { rows } = await sql<{ former: string }>`
      select distinct ${phone} as former from ${from} where ${phone} > ${after} order by 1 limit ${sql.lit(PAGE)}
    `.execute(db)
    for (const { former } of rows) {
      const right = repaired(former)
      if (right !== undefined) found.push({ former, phone: right })
    }
    if (rows.length < PAGE) return found
    after = rows.at(-1)!.former
  }
}

/**
 * Gives each number one spelling, E.164 without the prefixes of national calls: `POST /register` and `POST /phone` stored
 * numbers as they were written. Each account whose number was repaired gets an entry `phone_repaired` in the audit trail,
 * which says how many accounts have that number now. The ledger keeps its hashes, which no migration can make anew.
 */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  const userIds: string[] = []
  for (const { former, phone } of await misspelled(db, 'factors', 'phone')) {
    const { rows } = await sql<{ user_id: string }>`
      with repaired as (
        update factors set phone = ${phone} where phone = ${former} returning user_id
      ), ledger as (
        update sends s set prefix = left(${phone}, -4) from repaired
        where s.user_id = repaired.user_id and s.prefix = left(${former}, -4)
      )
      select user_id from repaired`.execute(db)
    userIds.push(...rows.map(({ user_id }) => user_id))
  }
  // Accounts that wait for their first code have a name that begins with a space, and nothing that could be audited.
  await sql`
    insert into audit_events (event, user_id, address, facts)
    select 'phone_repaired', f.user_id, '', jsonb_build_object('to', '********' || right(f.phone, 2), 'accounts', (
      select count(*) from factors o join users u on u.user_id = o.user_id
      where o.phone = f.phone and u.username_key not like ' %'))
    from factors f join users u on u.user_id = f.user_id
    where f.user_id = any(${userIds}::uuid[]) and f.phone is not null and u.username_key not like ' %'`.execute(db)

  for (const { former, phone } of await misspelled(db, 'challenges', 'new_phone'))
    await sql`update challenges set new_phone = ${phone} where new_phone = ${former}`.execute(db)
  for (const { former, phone } of await misspelled(db, 'notices', 'phone'))
    await sql`update notices set phone = ${phone} where phone = ${former}`.execute(db)
}
