/** A command of a shell block: its settings and its words. */
export interface ShellLine {
  settings: Record<string, string>
  words: string[]
}

const WORD = /"((?:[^"\\]|\\.)*)"|'([^']*)'|((?:[^\s"'\\]|\\.)+)/g

/** Splits a command like a shell without expansion. */
const wordsOf = (command: string): string[] => {
  const words: string[] = []
  let end = -1
  for (const match of command.matchAll(WORD)) {
    const part = match[1] ?? match[2] ?? match[3]!
    if (match.index === end) words[words.length - 1] += part
    else words.push(part)
    end = match.index + match[0].length
  }
  return words
}

/** Removes a comment: from `#` at the start of a line, or after a space and outside of quotes. */
const withoutComment = (line: string): string => {
  const quoted = line.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, (text) => '_'.repeat(text.length))
  const at = quoted.search(/(?:^|\s)#/)
  return at < 0 ? line : line.slice(0, at)
}

/** Returns the commands of a block. A backslash at the end of a line continues it, and `&&` separates commands. */
export const shellLines = (block: string): ShellLine[] =>
  block
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => withoutComment(line).trim())
    .filter(Boolean)
    .flatMap((line) => line.split(' && '))
    .map((command) => {
      const words = wordsOf(command)
      const first = words.findIndex((word) => !/^[A-Z][A-Z0-9_]*=/.test(word))
      const set = first < 0 ? words : words.slice(0, first)
      const settings = Object.fromEntries(set.map((word) => word.split(/=(.*)/s).slice(0, 2) as [string, string]))
      return { settings, words: first < 0 ? [] : words.slice(first) }
    })
