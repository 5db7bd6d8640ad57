import { hkdfSync } from 'node:crypto'

/** The keys that one secret yields; each serves one purpose and tells nothing of the others (RFC 5869). */
export interface DerivedSecrets {
  /** Names the secret in the header of pending tokens, so that a former one can still be told apart. */
  id: string
  /** HS256 key of pending tokens: 256 bits (RFC 7518 §3.2). */
  pendingKey: Buffer
  /** The server's half of the key that codes are hashed with: 256 bits. */
  pepper: Buffer
  /** What numbers are hashed with in the ledger: 256 bits. */
  phoneKey: Buffer
  /** What tries of passwords are counted under: 256 bits. */
  attemptKey: Buffer
  /** What challenges of the proof of work are signed with: 256 bits. */
  humanCheckKey: Buffer
}

/** Derives the keys. The labels are part of what is stored and signed: changing one ends every open challenge. */
export const deriveSecrets = (secret: string): DerivedSecrets => {
  const derive = (label: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', secret, '', `doorcode/${label}/v1`, bytes))
  return {
    id: derive('secret-id', 9).toString('base64url'),
    pendingKey: derive('pending-token', 32),
    pepper: derive('code-pepper', 32),
    phoneKey: derive('phone-hash', 32),
    attemptKey: derive('password-attempt', 32),
    humanCheckKey: derive('human-check', 32),
  }
}
