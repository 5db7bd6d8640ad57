import t from 'tap'
import { createClient, type ProblemOf } from '../../client/src/index.ts'

/** Returns a text for each problem; the compiler refuses codes that the route does not return. */
const words = (problem: ProblemOf<'verify'>): string => {
  switch (problem.code) {
    case 'invalid_code':
      return `wrong, ${problem.attempts_left} left`
    case 'factor_locked':
    case 'rate_limited':
      return `wait ${problem.retry_after} s`
    // @ts-expect-error: /verify never returns this code
    case 'resend_cooldown':
      return 'impossible'
    case 'unreachable':
      return `unreachable: ${problem.status}`
    default:
      return problem.title
  }
}

t.test('lets the compiler distinguish problems by code', async (t) => {
  const client = createClient({ url: 'http://127.0.0.1:1', retries: 0 })
  const answer = await client.verify({ pending_token: 'a.b.c', code: '123456' })
  // @ts-expect-error: a grant has no member "code"
  if (answer.ok) throw new Error(answer.data.code)
  t.equal(words(answer.problem), 'unreachable: 0')
  // @ts-expect-error: the member does not exist
  await client.login({ user: 'alice', password: 'x' })
})
