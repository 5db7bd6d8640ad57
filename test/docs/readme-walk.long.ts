import { spawnSync } from 'node:child_process'
import t from 'tap'
import { commandsOf, walkCalls } from '../support/page-walk.ts'
import { startServer, temporaryFolder } from '../support/server-process.ts'

const isThere = spawnSync('curl', ['--version']).status === 0

t.test('starts everything with one command in the README and the quick start', async (t) => {
  t.strictSame(commandsOf('README.md').slice(0, 2), [
    ['npm', 'ci'],
    ['npm', 'start'],
  ])
  t.strictSame(commandsOf('docs/quick-start.md', '## 1. Start it'), [
    ['npm', 'ci'],
    ['npm', 'start'],
  ])
})

// The pages use curl and cannot be followed without it.
if (isThere) {
  t.test('gives an access token to a reader who follows the README and the quick start', async (t) => {
    // Only the cooldown differs from the pages, because both log in as the same user.
    const server = await startServer(t, { DATA_DIR: temporaryFolder(t), RESEND_COOLDOWN: '0' })
    const readme = await walkCalls(commandsOf('README.md', '## Try it'), server)
    t.match(readme, [
      { answer: { pending_token: /^ey/, delivery: { status: 'sent' } } },
      { answer: { access_token: /^ey/, token_type: 'Bearer', refresh_token: /^rt_/ } },
    ])
    const quickStart = await walkCalls(commandsOf('docs/quick-start.md', '## 2. Log in'), server)
    t.match(quickStart, [
      { answer: { pending_token: /^ey/ } },
      { answer: { access_token: /^ey/ } },
      { answer: { username: 'demo', factors: ['sms'] } },
    ])
    const total = [...readme, ...quickStart].reduce((sum, { took }) => sum + took, 0)
    t.comment(`both pages: ${Math.round(total)} ms for ${readme.length + quickStart.length} calls`)
  })
}
