/** Longest user name, in code points: an e-mail address may be this long (RFC 5321 §4.5.3.1.3: 256 octets with angle brackets). */
export const USERNAME_MAX_LENGTH = 254

/**
 * The form in which names are compared: NFKC, case folded, without surrounding space. Two spellings of one name share
 * one account and one set of counters (CVE-2025-24806, CVE-2026-47203), so this is the only place that decides it: the
 * database stores the result and never folds by itself, for its `lower()` disagrees with ours.
 *
 * JavaScript has no case folding; lower, upper and lower case again gives it, with ß = ẞ = ss (ẞ is its own upper case,
 * so that it must become ß first) and ς = σ, and where it merges more than Unicode does (ı = i) the price is a name that
 * is taken.
 */
export const usernameKey = (username: string): string =>
  username.normalize('NFKC').trim().toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')

/** Characters that nobody sees, or that turn what stands beside them: two names with them would look the same. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u

/** What is wrong with a name that somebody wants to have; undefined for nothing. */
export const usernameFault = (username: string): string | undefined => {
  const key = usernameKey(username)
  if (key === '') return 'is empty'
  // NFKC makes up to 18 characters of one, and an index of Postgres takes no more than 2,704 bytes.
  if ([...key].length > USERNAME_MAX_LENGTH)
    return `is longer than ${USERNAME_MAX_LENGTH} characters when it is compared`
  return UNSEEN.test(username) ? 'has characters that nobody sees' : undefined
}
