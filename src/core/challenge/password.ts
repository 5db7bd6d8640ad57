/** Longest password, in code points: at most 1,024 bytes, as a code point has at most four. */
export const PASSWORD_MAX_LENGTH = 256

/** Shortest password, in code points. The password is never the only factor (SP 800-63B-4 §3.1.1.2: at least 8). */
export const PASSWORD_MIN_LENGTH = 8

/** Returns the form in which passwords are hashed: NFC, so that a password typed on two systems stays the same. */
export const normalizePassword = (password: string): string => password.normalize('NFC')
