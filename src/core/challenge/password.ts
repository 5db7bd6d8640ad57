/** Longest password, in code points: 1,024 bytes at most, as a code point has four. */
export const PASSWORD_MAX_LENGTH = 256

/** Shortest password: 8 code points, as the password is never the only factor (SP 800-63B-4 §3.1.1.2). */
export const PASSWORD_MIN_LENGTH = 8

/** The form in which passwords are hashed: NFC, so that one password typed on two systems stays one. */
export const normalizePassword = (password: string): string => password.normalize('NFC')
