import t from 'tap'
import { PROBLEM_CODES, Problem, withRetryAfter } from '../src/errors.ts'
import { sentMembers } from '../src/problem-members.ts'

t.test('rejects a member that the code does not declare, at compile time', async (t) => {
  new Problem('invalid_code', { attemptsLeft: 4 })
  new Problem('forbidden', { required: 'invite', detail: 'A valid invite is required.' })
  // @ts-expect-error: `not_found` has no `attemptsLeft`.
  new Problem('not_found', { attemptsLeft: 4 })
  // @ts-expect-error: spreading another object does not add it.
  new Problem('not_found', { ...{ attemptsLeft: 4 } })
  // @ts-expect-error: `invalid_code` always has `attemptsLeft`.
  new Problem('invalid_code')
  // @ts-expect-error: only one of the two codes has `attemptsLeft`.
  new Problem(PROBLEM_CODES.length > 1 ? 'invalid_code' : 'not_found', { attemptsLeft: 4 })
  // @ts-expect-error: the member does not exist.
  new Problem('not_found', { attempts: 4 })
  t.pass('tsc has checked the lines above')
})

t.test('sends members by their JSON names, and omits those without a value', async (t) => {
  t.strictSame(sentMembers({ attemptsLeft: 0, retryAfter: 3 }), { attempts_left: 0, retry_after: 3 })
  const { details } = new Problem('overloaded', { retryAfter: 1, advice: 'for the log', cause: new Error('likewise') })
  t.strictSame(sentMembers(details), { retry_after: 1 })
})

t.test('replaces the wait of a problem that has one, and no other member', async (t) => {
  const busy = new Problem('service_unavailable', { retryAfter: 9, missing: ['database'] })
  t.match(withRetryAfter(busy, 1), { code: 'service_unavailable', details: { retryAfter: 1, missing: ['database'] } })
  const wrong = new Problem('invalid_code', { attemptsLeft: 1 })
  t.equal(withRetryAfter(wrong, 1), wrong)
})
