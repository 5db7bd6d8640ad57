/** Pattern of text with neither control characters, which Postgres refuses or logs show raw, nor half of a surrogate pair. */
export const CLEAN_TEXT = '^[^\\p{Cc}\\p{Cs}]*$'

const clean = new RegExp(CLEAN_TEXT, 'u')

/** Returns whether a text is one that `CLEAN_TEXT` describes: the API takes no other name or password. */
export const isCleanText = (text: string): boolean => clean.test(text)

/** Each decimal digit of Unicode stands in a run of ten, or of several tens, that begins with a zero. */
const DIGIT = /^\p{Nd}$/u

const asciiDigit = (digit: string): string => {
  const point = digit.codePointAt(0)!
  let before = 0
  while (DIGIT.test(String.fromCodePoint(point - before - 1))) before += 1
  return String(before % 10)
}

/**
 * Folds what keyboards and clipboards make of digits, for codes and phone numbers alike; the only place that does.
 *
 * Decimal digits of any script (full-width, Arabic-Indic, Devanagari, …) become ASCII digits. Spaces of any width become
 * spaces. Hyphens, dashes and the minus sign become hyphens. Invisible marks, such as those that set the direction of
 * writing, are removed. Everything else stays, so that other characters are still refused.
 */
export const foldTyped = (typed: string): string =>
  typed
    .replaceAll(/\p{Nd}/gu, asciiDigit)
    .replaceAll(/\p{Zs}/gu, ' ')
    .replaceAll(/[\p{Pd}\u2212]/gu, '-')
    .replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
