import t from 'tap'
import { createClient, type ProblemOf } from '../../client/src/index.ts'

/** What a page would say; the compiler refuses a code that no such problem has, and one that is left out. */
const words = (problem: ProblemOf<'verify'>): string => {
  switch (problem.code) {
    case 'invalid_code':
      return `wrong, ${problem.attempts_left} left`
    case 'factor_locked':
    case 'rate_limited':
      return `wait ${problem.retry_after} s`
    // @ts-expect-error: /verify never says this
    case 'resend_cooldown':
      return 'impossible'
    case 'unreachable':
      return `nobody there: ${problem.status}`
    default:
      return problem.title
  }
}

t.test('problems are told apart by the compiler', async (t) => {
  const client = createClient({ url: 'http://127.0.0.1:1', retries: 0 })
  const answer = await client.verify({ pending_token: 'a.b.c', code: '123456' })
  // @ts-expect-error: a grant has no code
  if (answer.ok) throw new Error(answer.data.code)
  t.equal(words(answer.problem), 'nobody there: 0')
  // @ts-expect-error: there is no such member
  await client.login({ user: 'alice', password: 'x' })
})
