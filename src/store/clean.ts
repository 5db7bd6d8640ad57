/** The longest text of others that is kept, in UTF-16 units. */
const LONGEST_TEXT = 200

/** Cuts what others say to 200 units and cleans it: one NUL or half of a character would cost a whole batch. */
export const clean = (text: string): string => text.slice(0, LONGEST_TEXT).replaceAll(/[\p{Cc}\p{Cs}]/gu, '')
