/** Longest user name, in code points. An email address may be this long (RFC 5321 §4.5.3.1.3). */
export const USERNAME_MAX_LENGTH = 254

/**
 * Returns the form in which names are compared: NFKC, case-folded, without surrounding space. Two spellings of one name
 * share one account and one set of counters (CVE-2025-24806, CVE-2026-47203). Only this function decides it: the
 * database stores the result and never folds by itself, because its `lower()` differs from JavaScript's.
 *
 * JavaScript has no case folding. Lower, upper and lower case again have the same effect: ß = ẞ = ss and ς = σ. The
 * first step is for ẞ, which is its own upper case. The result merges a few more names than Unicode does (ı = i); those
 * count as taken.
 */
export const usernameKey = (username: string): string =>
  username.normalize('NFKC').trim().toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')

/** Characters that are invisible or change the direction of others: names with them could look the same. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u

/** Returns the fault of a new user name, as the end of a sentence; undefined for a valid one. */
export const usernameFault = (username: string): string | undefined => {
  const key = usernameKey(username)
  if (key === '') return 'is empty'
  // NFKC expands one character to up to 18, and a Postgres index takes at most 2,704 bytes.
  if ([...key].length > USERNAME_MAX_LENGTH)
    return `is longer than ${USERNAME_MAX_LENGTH} characters when it is compared`
  return UNSEEN.test(username) ? 'has invisible characters' : undefined
}
