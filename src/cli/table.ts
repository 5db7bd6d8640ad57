const GAP = '  '

const graphemes = new Intl.Segmenter()
/** Characters that a terminal draws two columns wide. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uFF01-\uFF60]/u

const widthOf = (text: string): number =>
  [...graphemes.segment(text)].reduce((width, { segment }) => width + (WIDE.test(segment) ? 2 : 1), 0)

/** Formats rows as aligned columns, one row a line, with the head first. */
export const columns = (head: readonly string[], body: readonly (readonly string[])[]): string => {
  const rows = [head, ...body]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]!))))
  const pad = (cell: string, column: number) => cell + ' '.repeat(widths[column]! - widthOf(cell))
  return rows.map((row) => `${row.map(pad).join(GAP).trimEnd()}\n`).join('')
}

/** Formats a time as ISO 8601 in whole seconds. */
export const timeOf = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z')
