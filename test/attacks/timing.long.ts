import t from 'tap'
import { createWorld, PASSWORD, type World } from '../support/app.ts'

/** Samples of each class, taken in turn, so that what slows the machine slows all classes alike. */
const SAMPLES = 300

/** The largest gap between two medians, in ms. */
const LARGEST_GAP = 2

const median = (values: number[]): number => {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)]!
}

const timeOf = async (world: World, username: string, password: string): Promise<number> => {
  const start = performance.now()
  await world.app.inject({ method: 'POST', url: '/login', payload: { username, password } })
  return performance.now() - start
}

t.test('refused logins take the same time, whatever they were refused for', async (t) => {
  const world = await createWorld(t)
  const names = ['known', 'disabled', 'locked', 'barred', 'passwordless', 'factorless']
  for (const [nth, name] of names.entries()) await world.addUser(name, `+1202555014${nth}`)
  await world.users.setDisabled('disabled', true)
  const where = 'where user_id = (select user_id from users where username_key = $1)'
  await world.sql(`update factors set locked_until = now() + interval '1 hour' ${where}`, ['locked'])
  await world.sql(`update factors set disabled_at = now() ${where}`, ['barred'])
  await world.sql(`delete from factors ${where}`, ['factorless'])
  await world.sql(`update users set password_hash = null where username_key = 'passwordless'`)

  const classes = [
    { name: 'unknown', username: 'nobody', password: PASSWORD },
    { name: 'wrong password', username: 'known', password: 'a wrong password' },
    ...names.slice(1).map((name) => ({ name, username: name, password: PASSWORD })),
  ]
  const times = new Map(classes.map(({ name }) => [name, [] as number[]]))
  for (const { username, password } of classes) await timeOf(world, username, password)
  for (let nth = 0; nth < SAMPLES; nth += 1) {
    // Another first one each time, or a class would always come after the same one.
    for (let turn = 0; turn < classes.length; turn += 1) {
      const { name, username, password } = classes[(nth + turn) % classes.length]!
      times.get(name)!.push(await timeOf(world, username, password))
    }
  }
  const medians = [...times].map(([name, values]) => ({ name, ms: median(values) }))
  const all = medians.map(({ ms }) => ms)
  const gap = Math.max(...all) - Math.min(...all)
  t.comment(medians.map(({ name, ms }) => `${name} ${ms.toFixed(2)} ms`).join(', '))
  t.ok(gap < LARGEST_GAP, `the medians lie ${gap.toFixed(2)} ms apart`)
})
