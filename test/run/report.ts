import { Parser } from 'tap-parser'
import { stringify } from 'tap-yaml'

/** Returns each failed assertion of a TAP text with its full name and diagnostics. */
export const failuresIn = (text: string): string =>
  Parser.parse(text, { flat: true })
    .flatMap(([kind, result]) => (kind === 'assert' && !result.ok ? [result] : []))
    .map(({ fullname, name, diag }) => `${fullname || name}\n${diag ? stringify(diag) : ''}`)
    .join('\n')
    .replaceAll(/^/gm, '  ')
