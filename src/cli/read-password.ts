import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError, type World } from './command.ts'

type Input = World['stdin']
type Output = World['stderr']

/** Maximum bytes of a line: more than a password of 256 code points with four bytes each. */
const MAX_LINE_BYTES = 4_096

/** Reads one line and ignores the rest, because the writer may keep the pipe open. */
const readLine = async (stdin: Input): Promise<string> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    const end = chunk.indexOf('\n')
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end))
    length += chunk.length
    if (end >= 0 || length > MAX_LINE_BYTES) break
  }
  // A byte order mark and the CR of a CRLF are not part of the password.
  return new TextDecoder().decode(Buffer.concat(chunks)).replace(/\r$/, '')
}

/** Prompts twice on a terminal without echo. Throws on Ctrl-C and Ctrl-D. */
const askTwice = async (stdin: Input, output: Output): Promise<string> => {
  // The line editor echoes to this empty stream. Without a history, arrow up does not repeat the first entry.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const editor = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 })
  const lines = editor[Symbol.asyncIterator]()
  const ask = async (prompt: string): Promise<string> => {
    output.write(prompt)
    const line = await lines.next()
    output.write('\n')
    if (line.done) throw new Error('Canceled: nothing was changed.')
    return line.value
  }
  try {
    const password = await ask('Password: ')
    if ((await ask('Repeat the password: ')) !== password) throw new Error('The passwords differ: nothing was changed.')
    return password
  } finally {
    editor.close()
  }
}

/**
 * Reads a new password: one line of stdin if `fromStdin` is true, otherwise from a prompt on the terminal. If stdin is a
 * terminal it always prompts, because the terminal would echo the line.
 */
export const readPassword = ({ stdin, stderr }: World, fromStdin: boolean): Promise<string> => {
  if (stdin.isTTY) return askTwice(stdin, stderr)
  if (fromStdin) return readLine(stdin)
  throw new UsageError(
    'A password prompt needs a terminal. Use --password-stdin, with the password as one line of stdin.',
  )
}
