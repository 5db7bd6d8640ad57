/** Pattern of text without control characters, which Postgres refuses or logs show raw, and without lone surrogates. */
export const CLEAN_TEXT = '^[^\\p{Cc}\\p{Cs}]*$'

const clean = new RegExp(CLEAN_TEXT, 'u')

/** Returns whether a text matches `CLEAN_TEXT`. The API accepts no other name or password. */
export const isCleanText = (text: string): boolean => clean.test(text)

/** Matches a decimal digit. In Unicode each is part of a run of ten, or of several tens, that begins with a zero. */
const DIGIT = /^\p{Nd}$/u

const asciiDigit = (digit: string): string => {
  const point = digit.codePointAt(0)!
  let before = 0
  while (DIGIT.test(String.fromCodePoint(point - before - 1))) before += 1
  return String(before % 10)
}

/**
 * Normalizes typed or pasted digits, for codes and phone numbers alike; only this function does.
 *
 * Decimal digits of any script (full-width, Arabic-Indic, Devanagari, …) become ASCII digits. Spaces of any width
 * become spaces. Hyphens, dashes and the minus sign become hyphens. Invisible marks, such as those that set the
 * direction of writing, are removed. All other characters stay, so that they are still refused.
 */
export const foldTyped = (typed: string): string =>
  typed
    .replaceAll(/\p{Nd}/gu, asciiDigit)
    .replaceAll(/\p{Zs}/gu, ' ')
    .replaceAll(/[\p{Pd}\u2212]/gu, '-')
    .replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
