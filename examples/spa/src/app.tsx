import type { Client, Schemas } from 'doorcode/client'
import { useState } from 'react'
import { CodeForm } from './code-form.tsx'
import { PasswordForm } from './password-form.tsx'

/** The step of the login: password, code, or signed in. */
type Step = { at: 'password'; notice?: string } | { at: 'code'; challenge: Schemas['OpenChallenge'] } | { at: 'home' }

/** The whole login. The client stores the tokens in memory; a reload loses them. */
export const App = ({ client }: { client: Client }) => {
  const [step, setStep] = useState<Step>({ at: 'password' })
  const [me, setMe] = useState<string>()

  const enter = async () => {
    const answer = await client.me()
    setMe(answer.ok ? answer.data.username : undefined)
    setStep({ at: 'home' })
  }
  const leave = async () => {
    await client.logout()
    setStep({ at: 'password', notice: 'You are signed out.' })
  }

  if (step.at === 'password')
    return (
      <PasswordForm
        client={client}
        notice={step.notice}
        onCode={(challenge) => setStep({ at: 'code', challenge })}
        onSignedIn={enter}
      />
    )
  if (step.at === 'code')
    return (
      <CodeForm
        client={client}
        challenge={step.challenge}
        onOver={(notice) => setStep({ at: 'password', notice })}
        onSignedIn={enter}
      />
    )
  return (
    <section>
      <h1>Welcome, {me}</h1>
      <button type="button" onClick={leave}>
        Sign out
      </button>
    </section>
  )
}
