import t from 'tap'
import { createWorld, type World } from '../support/app.ts'
import { addRefusedUsers } from '../support/refused-users.ts'

/** Samples of each class, taken in turn, so that load affects all classes alike. */
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

t.test('all refused logins take the same time', async (t) => {
  const world = await createWorld(t)
  const classes = await addRefusedUsers(world)
  const times = new Map(classes.map(({ reason }) => [reason, [] as number[]]))
  for (const { username, password } of classes) await timeOf(world, username, password)
  for (let nth = 0; nth < SAMPLES; nth += 1) {
    // The order rotates, so that no class always follows the same one.
    for (let turn = 0; turn < classes.length; turn += 1) {
      const { reason, username, password } = classes[(nth + turn) % classes.length]!
      times.get(reason)!.push(await timeOf(world, username, password))
    }
  }
  const medians = [...times].map(([reason, values]) => ({ reason, ms: median(values) }))
  const all = medians.map(({ ms }) => ms)
  const gap = Math.max(...all) - Math.min(...all)
  t.comment(medians.map(({ reason, ms }) => `${reason} ${ms.toFixed(2)} ms`).join(', '))
  t.ok(gap < LARGEST_GAP, `the medians differ by ${gap.toFixed(2)} ms`)
})
