import { hkdfSync } from 'node:crypto'
import type { Source } from './key-set.ts'
import type { Dated } from './rotation.ts'

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
  /** What successors of opaque tokens are made with: 256 bits. */
  successorKey: Buffer
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
    successorKey: derive('token-successor', 32),
    humanCheckKey: derive('human-check', 32),
  }
}

/** What one secret yields, and from when it keys what is new. */
export interface DatedSecrets extends DerivedSecrets, Dated {}

/** All secrets of a server: each is accepted, and the one in force keys what is new. */
export type Secrets = readonly [DatedSecrets, ...DatedSecrets[]]

/** One line of a secret's file. */
export interface SecretLine extends Dated {
  secret: string
}

/** The fewest characters of a secret. */
const SECRET_MIN_LENGTH = 32

const DATED_LINE = /^(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z)?)[ \t]+(\S.*)$/

/**
 * The secrets in a text: one a line, each by itself or after the moment (ISO 8601, UTC) from which it is used. A text in
 * which no line begins with a moment is one secret, whatever it looks like. Throws an error that never shows one.
 */
export const parseSecrets = (text: string): [SecretLine, ...SecretLine[]] => {
  const whole = text.trim()
  const lines = whole.split(/\r?\n/).map((line) => line.trim())
  const found = lines.some((line) => DATED_LINE.test(line)) ? lines.filter(Boolean) : [whole]
  const [first, ...others] = found.map((line, position): SecretLine => {
    const [, date, secret = line] = DATED_LINE.exec(line) ?? []
    const fail = (what: string) => new Error(`${found.length > 1 ? `line ${position + 1} ` : ''}${what}`)
    if (secret.length < SECRET_MIN_LENGTH) throw fail(`has fewer than ${SECRET_MIN_LENGTH} characters`)
    if (new Set(secret).size < 8) throw fail('is not random')
    const from = date === undefined ? 0 : Date.parse(date) / 1000
    if (Number.isNaN(from)) throw fail('has a moment that is none')
    return { secret, from }
  })
  if (new Set(found.map((line) => line.replace(DATED_LINE, '$2'))).size !== found.length) {
    throw new Error('has the same secret twice')
  }
  return [first!, ...others]
}

/** Reads secrets: those of the first source and their moments, and those of the others, which key nothing new. */
export const readSecrets = ([source, ...former]: readonly [Source, ...Source[]]): Secrets => {
  const parse = ({ name, text }: Source) => {
    try {
      return parseSecrets(text)
    } catch (error) {
      throw new Error(`${name} ${(error as Error).message}`)
    }
  }
  const ofSource = ({ secret, from }: SecretLine): DatedSecrets => ({ ...deriveSecrets(secret), from })
  const [first, ...others] = parse(source)
  const known = former.flatMap(parse).map(({ secret }) => ofSource({ secret, from: 0 }))
  return [ofSource(first), ...others.map(ofSource), ...known]
}
