/** The longest external text that is stored, in UTF-16 code units. */
const LONGEST_TEXT = 200

/**
 * Cuts an external text to 200 UTF-16 code units and removes control characters and lone surrogates. Postgres rejects both,
 * and one of them would fail a whole batch.
 */
export const clean = (text: string): string => text.slice(0, LONGEST_TEXT).replaceAll(/[\p{Cc}\p{Cs}]/gu, '')
