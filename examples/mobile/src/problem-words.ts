import type { ProblemOf } from 'doorcode/client'

type LoginProblem = ProblemOf<'login'> | ProblemOf<'verify'> | ProblemOf<'resend'>

const minutes = (seconds: number) => (seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`)

/** Returns the words for a problem. The compiler checks its codes and members. */
export const wordsFor = (problem: LoginProblem): string => {
  switch (problem.code) {
    case 'invalid_credentials':
      return 'The user name or the password is wrong.'
    case 'invalid_code':
      return `That is not the code. ${problem.attempts_left} attempts are left.`
    case 'resend_cooldown':
      return `A code is on its way. Another one can be sent in ${minutes(problem.retry_after)}.`
    case 'rate_limited':
    case 'factor_locked':
      return `That was too often. Try again in ${minutes(problem.retry_after)}.`
    case 'unreachable':
      return 'The service cannot be reached. Try again.'
    default:
      return problem.title
  }
}
