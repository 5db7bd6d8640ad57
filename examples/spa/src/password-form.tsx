import type { Client, ProblemOf, Schemas } from 'doorcode/client'
import { useState } from 'react'

interface Props {
  client: Client
  notice: string | undefined
  onCode: (challenge: Schemas['OpenChallenge']) => void
  onSignedIn: () => void
}

/** Returns the words for a problem. The compiler checks that the codes exist. */
const wordsFor = (problem: ProblemOf<'login'>): string => {
  switch (problem.code) {
    case 'invalid_credentials':
      return 'The user name or the password is wrong.'
    case 'resend_cooldown':
      return `A code was sent a moment ago. Try again in ${problem.retry_after} seconds.`
    case 'rate_limited':
      return `That was too often. Try again in ${problem.retry_after} seconds.`
    case 'sms_unavailable':
      return 'No code can be sent at the moment. Try again later.'
    case 'unreachable':
      return 'The service cannot be reached. Try again.'
    default:
      return problem.title
  }
}

/** Step one: the password. */
export const PasswordForm = ({ client, notice, onCode, onSignedIn }: Props) => {
  const [said, setSaid] = useState(notice)
  const [busy, setBusy] = useState(false)

  const signIn = async (form: FormData) => {
    setBusy(true)
    const answer = await client.login({
      username: String(form.get('username')),
      password: String(form.get('password')),
      client: 'web',
    })
    setBusy(false)
    if (!answer.ok) setSaid(wordsFor(answer.problem))
    else if (answer.data.token_type === 'Bearer') onSignedIn()
    else onCode(answer.data)
  }

  return (
    <form action={signIn}>
      <h1>Sign in</h1>
      <label>
        User name
        <input name="username" autoComplete="username" autoCapitalize="none" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <p role="status">{said}</p>
      <button type="submit" disabled={busy}>
        Sign in
      </button>
    </form>
  )
}
