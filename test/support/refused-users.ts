import { PASSWORD, type World } from './app.ts'

/** Users whose login is refused despite a correct password, each named after the reason. */
const REFUSED = ['disabled', 'locked', 'barred', 'passwordless', 'factorless']

/**
 * Adds a user `known` and one user for each reason to refuse. Returns a login for each refusal, including an unknown
 * name and a wrong password.
 */
export const addRefusedUsers = async (
  world: World,
): Promise<{ reason: string; username: string; password: string }[]> => {
  for (const [nth, name] of ['known', ...REFUSED].entries()) await world.addUser(name, `+1202555014${nth}`)
  await world.users.setDisabled('disabled', true)
  const where = 'where user_id = (select user_id from users where username_key = $1)'
  await world.sql(`update factors set locked_until = now() + interval '1 hour' ${where}`, ['locked'])
  await world.sql(`update factors set disabled_at = now() ${where}`, ['barred'])
  await world.sql(`delete from factors ${where}`, ['factorless'])
  await world.sql(`update users set password_hash = null where username_key = 'passwordless'`)
  return [
    { reason: 'unknown', username: 'nobody', password: PASSWORD },
    { reason: 'wrong password', username: 'known', password: 'a wrong password' },
    ...REFUSED.map((name) => ({ reason: name, username: name, password: PASSWORD })),
  ]
}
