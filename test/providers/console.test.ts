import t from 'tap'
import { consoleProvider } from '../../src/providers/console.ts'
import { MESSAGE, testLocalProvider } from '../contracts/provider.ts'

testLocalProvider(t, consoleProvider)

t.test('the number and every line of the text are shown to whoever runs the server', async (t) => {
  const printed: string[] = []
  const provider = consoleProvider.create({}, { print: (line) => printed.push(line), keep: () => {} })
  await provider.send(MESSAGE, new AbortController().signal)
  const shown = printed.join('\n')
  t.ok(shown.includes(MESSAGE.to))
  for (const line of MESSAGE.body.split('\n')) t.ok(shown.includes(line), line)
})
