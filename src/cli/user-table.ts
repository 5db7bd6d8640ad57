import type { UserSummary } from '../store/user-admin.ts'

const HEAD = ['USER', 'PHONE', 'STATE']
const GAP = '  '

const graphemes = new Intl.Segmenter()
/** Scripts whose characters a terminal draws two columns wide. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uFF01-\uFF60]/u

const widthOf = (text: string): number =>
  [...graphemes.segment(text)].reduce((width, { segment }) => width + (WIDE.test(segment) ? 2 : 1), 0)

/** Whole seconds: a lock ends on no finer moment than a person can wait for. */
const timeOf = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z')

const stateOf = ({ disabled, factorDisabled, lockedUntil }: UserSummary, now: Date): string => {
  const reasons = [
    disabled && 'disabled',
    factorDisabled && 'factor disabled',
    lockedUntil && lockedUntil > now && `locked until ${timeOf(lockedUntil)}`,
  ].filter(Boolean)
  return reasons.join(', ') || 'active'
}

/** The users in columns, one a line, with everything that keeps each from logging in. */
export const userTable = (users: readonly UserSummary[], now: Date): string => {
  const rows = [HEAD, ...users.map((user) => [user.username, user.phone ?? '-', stateOf(user, now)])]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]!))))
  const pad = (cell: string, column: number) => cell + ' '.repeat(widths[column]! - widthOf(cell))
  return rows.map((row) => `${row.map(pad).join(GAP).trimEnd()}\n`).join('')
}
