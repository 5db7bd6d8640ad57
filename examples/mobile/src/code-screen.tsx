import type { Client, Schemas } from 'doorcode/client'
import { useEffect, useState } from 'react'
import { Button, Text, TextInput, View } from 'react-native'
import { wordsFor } from './problem-words'

interface Props {
  client: Client
  challenge: Schemas['OpenChallenge']
  onSignedIn: () => void
  onOver: (why: string) => void
}

/** Step two: the code. The keyboard offers the code of the message; a complete code is sent at once. */
export const CodeScreen = ({ client, challenge, onSignedIn, onOver }: Props) => {
  const { pending_token, code_length = 6 } = challenge
  const [delivery, setDelivery] = useState(challenge.delivery)
  const [wait, setWait] = useState(challenge.delivery?.resend_in ?? 0)
  const [code, setCode] = useState('')
  const [said, setSaid] = useState('')

  useEffect(() => {
    const timer = setInterval(() => setWait((seconds) => Math.max(0, seconds - 1)), 1000)
    return () => clearInterval(timer)
  }, [])

  const verify = async (typed: string) => {
    const digits = typed.replace(/\D/g, '').slice(0, code_length)
    setCode(digits)
    if (digits.length < code_length) return
    const answer = await client.verify({ pending_token, code: digits, remember_device: true })
    if (answer.ok) return onSignedIn()
    if (answer.problem.code === 'challenge_invalid') return onOver('The code is no longer valid. Please sign in again.')
    setCode('')
    setSaid(wordsFor(answer.problem))
  }
  const resend = async (channel: Schemas['Channel']) => {
    const answer = await client.resend({ pending_token, channel })
    if (!answer.ok) return setSaid(wordsFor(answer.problem))
    setDelivery(answer.data.delivery)
    setWait(answer.data.delivery?.resend_in ?? 0)
    setSaid(channel === 'voice' ? 'You are being called.' : 'A new code is on its way.')
  }

  return (
    <View>
      <Text accessibilityRole="header">Enter the code</Text>
      {delivery && <Text>It was sent to {delivery.destination}.</Text>}
      <TextInput
        accessibilityLabel="Code"
        // iOS offers the code of the latest message, Android the code that its autofill service read.
        textContentType="oneTimeCode"
        autoComplete="sms-otp"
        keyboardType="number-pad"
        autoFocus
        value={code}
        onChangeText={verify}
      />
      <Text accessibilityLiveRegion="polite">{said}</Text>
      <Button
        title={wait > 0 ? `Another code in ${wait} s` : 'Send another code'}
        disabled={wait > 0}
        onPress={() => resend('sms')}
      />
      <Button title="Call me instead" disabled={wait > 0} onPress={() => resend('voice')} />
    </View>
  )
}
