import { PassThrough } from 'node:stream'
import t from 'tap'
import { readPassword } from '../../src/cli/read-password.ts'

/** Simulates a terminal whose user types when asked; `seen` is the text on the screen. */
const createTerminal = (...typed: (string | Buffer)[]) => {
  const screen = { seen: '', raw: false }
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(raw: boolean) {
      screen.raw = raw
    },
  })
  const output = new PassThrough()
  output.on('data', (chunk) => {
    screen.seen += chunk
    if (/: $/.test(String(chunk))) setImmediate(() => stdin.write(typed.shift() ?? ''))
  })
  const world = { env: {}, stdin: stdin as never, stdout: output, stderr: output }
  return { screen, ask: (fromStdin = false) => readPassword(world, fromStdin) }
}

t.test('asks twice on a terminal, hides the input, and restores the terminal', async (t) => {
  const { screen, ask } = createTerminal('correct horse\r', 'correct horse\r')
  t.equal(await ask(), 'correct horse')
  t.equal(screen.seen, 'Password: \nRepeat the password: \n')
  t.equal(screen.raw, false)
})

t.test('accepts corrections, pasted text and any script', async (t) => {
  const corrected = createTerminal('correct horsX\x7fe\r', 'wrong\x15correct horse\r')
  t.equal(await corrected.ask(), 'correct horse')
  const pasted = createTerminal('pass fräse 😀 いろは\npass fräse 😀 いろは\n')
  t.equal(await pasted.ask(), 'pass fräse 😀 いろは')
})

t.test('rejects two different inputs, and does not recall the first one with arrow up', async (t) => {
  const { screen, ask } = createTerminal('correct horse\r', '\x1b[A\r')
  await t.rejects(ask(), { message: 'The passwords differ: nothing was changed.' })
  t.notMatch(screen.seen, /horse/)
  t.equal(screen.raw, false)
})

t.test('cancels on Ctrl-C and Ctrl-D', async (t) => {
  for (const key of ['half a passw\x03', '\x04']) {
    const { screen, ask } = createTerminal(key)
    await t.rejects(ask(), { message: 'Canceled: nothing was changed.' })
    t.equal(screen.raw, false)
  }
})

t.test('asks on a terminal even with --password-stdin, since the terminal would echo the line', async (t) => {
  const { screen, ask } = createTerminal('correct horse\r', 'correct horse\r')
  t.equal(await ask(true), 'correct horse')
  t.notMatch(screen.seen, /horse/)
})
