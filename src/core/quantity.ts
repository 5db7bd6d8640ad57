/** Numbers in words, so that texts follow the limits that they state. */

const WORDS = [
  'none',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
]

/** Returns a count in words up to twelve, and in digits above. */
export const countInWords = (count: number): string => WORDS[count] ?? String(count)

const UNITS = [
  { seconds: 86_400, name: 'day', one: 'a day' },
  { seconds: 3_600, name: 'hour', one: 'an hour' },
  { seconds: 60, name: 'minute', one: 'a minute' },
  { seconds: 1, name: 'second', one: 'a second' },
]

/** Returns a duration in the largest unit that measures it in whole numbers: "ten minutes", "an hour", "24 hours". */
export const durationInWords = (seconds: number): string => {
  const fits = UNITS.filter((unit) => seconds % unit.seconds === 0)
  // One day reads as 24 hours, which is what the standards say.
  const unit = fits.find((unit) => unit.name !== 'day' || seconds > unit.seconds) ?? UNITS.at(-1)!
  const count = seconds / unit.seconds
  return count === 1 ? unit.one : `${countInWords(count)} ${unit.name}s`
}
