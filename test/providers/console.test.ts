import t from 'tap'
import { CHANNELS } from '../../src/core/delivery/ports.ts'
import { consoleProvider } from '../../src/providers/development/console.ts'
import { createProvider } from '../../testing/index.ts'
import { MESSAGE, testLocalProvider } from '../contracts/provider.ts'

testLocalProvider(t, consoleProvider)

t.test('prints the channel, the number and every line of the message', async (t) => {
  const printed: string[] = []
  const provider = await createProvider(consoleProvider, {}, { print: (line) => printed.push(line) })
  for (const channel of CHANNELS) {
    printed.length = 0
    await provider.send({ ...MESSAGE, channel }, new AbortController().signal)
    const shown = printed.join('\n')
    t.ok(shown.toLowerCase().includes(channel))
    t.ok(shown.includes(MESSAGE.to))
    for (const line of channel === 'voice' ? MESSAGE.speech : MESSAGE.text.split('\n')) t.ok(shown.includes(line), line)
  }
})
