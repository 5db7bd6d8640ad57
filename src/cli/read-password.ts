import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError, type World } from './command.ts'

type Input = World['stdin']
type Output = World['stderr']

/** More than any password: 256 code points of four bytes, and the end of the line. */
const LONGEST_LINE = 4_096

/** Takes one line and leaves the rest: whoever writes to us may keep the pipe open. */
const readLine = async (stdin: Input): Promise<string> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    const end = chunk.indexOf('\n')
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end))
    length += chunk.length
    if (end >= 0 || length > LONGEST_LINE) break
  }
  // A byte order mark and the CR of a CRLF belong to the line as a file has it, not to the password.
  return new TextDecoder().decode(Buffer.concat(chunks)).replace(/\r$/, '')
}

/** Asks on a terminal and shows nothing of what is typed. Throws when it is given up with Ctrl-C or Ctrl-D. */
const askTwice = async (stdin: Input, output: Output): Promise<string> => {
  // The line editor draws what is typed; it draws it on nothing. Without a history, arrow up does not repeat the first.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const editor = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 })
  const lines = editor[Symbol.asyncIterator]()
  const ask = async (prompt: string): Promise<string> => {
    output.write(prompt)
    const line = await lines.next()
    output.write('\n')
    if (line.done) throw new Error('Given up: nothing was changed.')
    return line.value
  }
  try {
    const password = await ask('Password: ')
    if ((await ask('The same again: ')) !== password) throw new Error('The two differ: nothing was changed.')
    return password
  } finally {
    editor.close()
  }
}

/**
 * Gets a new password: one line of stdin when `fromStdin`, else by asking on the terminal, which is also done when stdin
 * is one, because a terminal would show the line.
 */
export const readPassword = ({ stdin, stderr }: World, fromStdin: boolean): Promise<string> => {
  if (stdin.isTTY) return askTwice(stdin, stderr)
  if (fromStdin) return readLine(stdin)
  throw new UsageError('There is no terminal to ask for the password on. Give it as one line to --password-stdin.')
}
