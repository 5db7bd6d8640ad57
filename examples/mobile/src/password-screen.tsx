import type { Client, Schemas } from 'doorcode/client'
import { useState } from 'react'
import { Button, Platform, Text, TextInput, View } from 'react-native'
import { wordsFor } from './problem-words'

interface Props {
  client: Client
  notice: string
  onCode: (challenge: Schemas['OpenChallenge']) => void
  onSignedIn: () => void
}

/** Step one: the password. The field types let password managers fill it in. */
export const PasswordScreen = ({ client, notice, onCode, onSignedIn }: Props) => {
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [said, setSaid] = useState(notice)
  const [busy, setBusy] = useState(false)

  const signIn = async () => {
    setBusy(true)
    const answer = await client.login({ username, password, client: Platform.OS === 'android' ? 'android' : 'ios' })
    setBusy(false)
    if (!answer.ok) setSaid(wordsFor(answer.problem))
    else if (answer.data.token_type === 'Bearer') onSignedIn()
    else onCode(answer.data)
  }

  return (
    <View>
      <Text accessibilityRole="header">Sign in</Text>
      <TextInput
        accessibilityLabel="User name"
        textContentType="username"
        autoComplete="username"
        autoCapitalize="none"
        autoCorrect={false}
        value={username}
        onChangeText={setUsername}
      />
      <TextInput
        accessibilityLabel="Password"
        textContentType="password"
        autoComplete="current-password"
        secureTextEntry
        value={password}
        onChangeText={setPassword}
      />
      <Text accessibilityLiveRegion="polite">{said}</Text>
      <Button title="Sign in" disabled={busy} onPress={signIn} />
    </View>
  )
}
