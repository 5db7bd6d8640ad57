import type { Client, ProblemOf, Schemas } from 'doorcode/client'
import { useEffect, useState } from 'react'

interface Props {
  client: Client
  challenge: Schemas['OpenChallenge']
  onOver: (notice: string) => void
  onSignedIn: () => void
}

const wordsFor = (problem: ProblemOf<'verify'> | ProblemOf<'resend'>): string => {
  switch (problem.code) {
    case 'invalid_code':
      return `That is not the code. ${problem.attempts_left} attempts are left.`
    case 'rate_limited':
    case 'factor_locked':
    case 'resend_cooldown':
      return `Try again in ${problem.retry_after} seconds.`
    case 'unreachable':
      return 'The service cannot be reached. Try again.'
    default:
      return problem.title
  }
}

/** Step two: the code, and a button for a new one. */
export const CodeForm = ({ client, challenge, onOver, onSignedIn }: Props) => {
  const { pending_token, code_length = 6 } = challenge
  const [delivery, setDelivery] = useState(challenge.delivery)
  const [wait, setWait] = useState(challenge.delivery?.resend_in ?? 0)
  const [said, setSaid] = useState('')

  useEffect(() => {
    const timer = setInterval(() => setWait((seconds) => Math.max(0, seconds - 1)), 1000)
    return () => clearInterval(timer)
  }, [])

  const verify = async (form: FormData) => {
    const answer = await client.verify({ pending_token, code: String(form.get('code')) })
    if (answer.ok) onSignedIn()
    else if (answer.problem.code === 'challenge_invalid') onOver('The code is no longer valid. Please sign in again.')
    else setSaid(wordsFor(answer.problem))
  }
  const resend = async () => {
    const answer = await client.resend({ pending_token })
    if (!answer.ok) return setSaid(wordsFor(answer.problem))
    setDelivery(answer.data.delivery)
    setWait(answer.data.delivery?.resend_in ?? 0)
    setSaid('A new code is on its way. The former one is no longer valid.')
  }

  return (
    <form action={verify}>
      <h1>Enter the code</h1>
      {delivery && <p>It was sent to {delivery.destination}.</p>}
      <label>
        Code
        <input
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern={`[0-9]{${code_length}}`}
          maxLength={code_length}
          required
        />
      </label>
      <p role="status">{said}</p>
      <button type="submit">Confirm</button>
      <button type="button" disabled={wait > 0} onClick={resend}>
        {wait > 0 ? `Another code in ${wait} s` : 'Send another code'}
      </button>
    </form>
  )
}
