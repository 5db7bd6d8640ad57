import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { blocksOf } from './markdown-page.ts'
import { shellLines } from './shell-lines.ts'

/** The address of the server that a page calls `http://127.0.0.1:3000`, and its console output. */
export interface WalkedServer {
  address: string
  output: () => string
}

/** A call of the page, its response, and its duration in ms. */
export interface Step {
  command: string
  // biome-ignore lint/suspicious/noExplicitAny: a body may be any JSON.
  answer: any
  took: number
}

/** The address on every page. */
const WRITTEN_ADDRESS = 'http://127.0.0.1:3000'

/** Returns the commands in the shell blocks of a page, or of those below one heading. */
export const commandsOf = (page: string, heading?: string): string[][] => {
  const lines = readFileSync(page, 'utf8').split('\n')
  const start = heading === undefined ? 0 : lines.indexOf(heading)
  if (start < 0) throw new Error(`${page} has no heading ${heading}`)
  const next = lines.findIndex((line, at) => heading !== undefined && at > start && line.startsWith('## '))
  const end = next < 0 ? lines.length : next
  return blocksOf(page)
    .filter(({ language, line }) => language === 'sh' && line > start && line <= end)
    .flatMap(({ text }) => shellLines(text).map(({ words }) => words))
}

/** Returns the newest code on the console, from the last line of a message, `@host #123456`. */
const codeOn = (output: string): string | undefined => [...output.matchAll(/@\S+ #(\d{6,8})/g)].at(-1)?.[1]

/**
 * Follows a page like a reader: runs each curl call with the values of the previous response and the code from the
 * console. It uses no other information.
 */
export const walkCalls = async (commands: readonly string[][], server: WalkedServer): Promise<Step[]> => {
  const carried: Record<string, string | undefined> = {}
  const fill = (word: string): string => {
    if (word.startsWith('{')) {
      const body = Object.entries(JSON.parse(word) as Record<string, string>)
      return JSON.stringify(Object.fromEntries(body.map(([name, value]) => [name, carried[name] ?? value])))
    }
    return word
      .replace(WRITTEN_ADDRESS, server.address)
      .replace(/^(authorization: Bearer) .*$/, `$1 ${carried['access_token']}`)
  }
  const steps: Step[] = []
  for (const command of commands.filter(([program]) => program === 'curl')) {
    carried['code'] = codeOn(server.output())
    const [program = '', ...words] = command.map(fill)
    const start = performance.now()
    const { stdout } = await promisify(execFile)(program, words)
    const answer = JSON.parse(stdout)
    steps.push({ command: command.join(' '), answer, took: performance.now() - start })
    for (const name of ['pending_token', 'access_token', 'refresh_token']) carried[name] = answer[name] ?? carried[name]
  }
  return steps
}
