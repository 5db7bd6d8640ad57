const GAP = '  '

const graphemes = new Intl.Segmenter()
/** Scripts whose characters a terminal draws two columns wide. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uFF01-\uFF60]/u

const widthOf = (text: string): number =>
  [...graphemes.segment(text)].reduce((width, { segment }) => width + (WIDE.test(segment) ? 2 : 1), 0)

/** Rows in columns, one a line, the head first. */
export const columns = (head: readonly string[], body: readonly (readonly string[])[]): string => {
  const rows = [head, ...body]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]!))))
  const pad = (cell: string, column: number) => cell + ' '.repeat(widths[column]! - widthOf(cell))
  return rows.map((row) => `${row.map(pad).join(GAP).trimEnd()}\n`).join('')
}

/** Whole seconds: no person needs a finer moment. */
export const timeOf = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z')
