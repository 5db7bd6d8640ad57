import type { Client, Schemas } from 'doorcode/client'
import { useEffect, useState } from 'react'
import { Button, Text, View } from 'react-native'
import { CodeScreen } from './code-screen'
import { PasswordScreen } from './password-screen'

type Step = { at: 'start' } | { at: 'password' } | { at: 'code'; challenge: Schemas['OpenChallenge'] } | { at: 'home' }

/** The whole login. A user stays signed in between starts of the app until the session ends. */
export const App = ({ client }: { client: Client }) => {
  const [step, setStep] = useState<Step>({ at: 'start' })
  const [me, setMe] = useState('')
  const [notice, setNotice] = useState('')

  const enter = async () => {
    const answer = await client.me()
    if (answer.ok) setMe(answer.data.username)
    setStep({ at: answer.ok ? 'home' : 'password' })
  }
  const leave = async () => {
    await client.logout()
    setStep({ at: 'password' })
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the app starts
  useEffect(() => {
    void enter()
  }, [])

  switch (step.at) {
    case 'start':
      return <View />
    case 'password':
      return (
        <PasswordScreen
          client={client}
          notice={notice}
          onCode={(challenge) => setStep({ at: 'code', challenge })}
          onSignedIn={enter}
        />
      )
    case 'code':
      return (
        <CodeScreen
          client={client}
          challenge={step.challenge}
          onSignedIn={enter}
          onOver={(why) => {
            setNotice(why)
            setStep({ at: 'password' })
          }}
        />
      )
    case 'home':
      return (
        <View>
          <Text accessibilityRole="header">Welcome, {me}</Text>
          <Button title="Sign out" onPress={leave} />
        </View>
      )
  }
}
