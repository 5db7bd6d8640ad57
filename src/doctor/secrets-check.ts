import { listSecrets } from '../keys/change-secrets.ts'
import { parseSecrets } from '../keys/secrets.ts'
import { checkMode, type FileMode } from './file-modes.ts'
import { type Finding, fault, ok, warning } from './finding.ts'
import { standingFindings } from './standing-findings.ts'

/** What is set, and what reads the rest. */
export interface SecretsLook {
  /** Values and paths by their settings' names, for those that are set. */
  secret: string | undefined
  previous: string | undefined
  secretFile: string | undefined
  /** `NAME_FILE` and its path, of every secret that comes from a file. */
  files: readonly { name: string; path: string }[]
  /** Unix seconds. */
  now: number
  modeOf: (path: string) => FileMode
}

/** What people write before they have made a secret, and what stands in guides. */
const EXAMPLES =
  /change.?me|example|secret|password|doorcode|default|placeholder|your.?|insert|test|letmein|qwert|12345|abcdef/i

/** Bits that a random string of this length and these characters would have, at most what its own variety allows. */
const bitsOf = (secret: string): number => {
  const counts = new Map<string, number>()
  for (const character of secret) counts.set(character, (counts.get(character) ?? 0) + 1)
  const shares = [...counts.values()].map((count) => count / secret.length)
  return Math.round(secret.length * shares.reduce((sum, share) => sum - share * Math.log2(share), 0))
}

/** The fewest bits of a key that nobody guesses (SP 800-57 part 1 §5.6.1). */
const ENOUGH = 128

const MAKE = 'Make one: npx doorcode secret new --file secret; and name it in SECRET_FILE.'

const qualityOf = (looked: string, secret: string): Finding => {
  if (EXAMPLES.test(secret)) return fault(looked, 'It looks like an example: there are words in it.', MAKE)
  const bits = bitsOf(secret)
  if (bits < ENOUGH)
    return fault(
      looked,
      `It repeats itself: of ${secret.length} characters no more than ${bits} bits are random.`,
      MAKE,
    )
  return ok(looked, `It is long enough and looks random (${secret.length} characters).`)
}

/** The server's secret: whether it is one, who can read it, and what is left of a rotation. */
export const checkSecrets = ({ secret, previous, secretFile, files, now, modeOf }: SecretsLook): Finding[] => {
  const findings: Finding[] = []
  const looked = secretFile === undefined ? 'SECRET' : `SECRET_FILE ${secretFile}`
  if (secret === undefined) findings.push(fault('SECRET or SECRET_FILE', 'There is no secret.', MAKE))
  else {
    try {
      findings.push(...parseSecrets(secret).map((line) => qualityOf(looked, line.secret)))
      if (secretFile !== undefined)
        findings.push(...standingFindings(looked, listSecrets(secretFile, now), { now, command: 'secret' }))
    } catch (error) {
      findings.push(fault(looked, `It ${(error as Error).message}.`, MAKE))
    }
  }
  if (previous !== undefined)
    findings.push(
      warning(
        'SECRET_PREVIOUS',
        'A former secret is still accepted.',
        'Eleven minutes after the change nothing needs it: take it away.',
      ),
    )
  for (const { name, path } of files) {
    try {
      findings.push(checkMode(`${name} ${path}`, path, modeOf(path)))
    } catch (error) {
      findings.push(
        fault(`${name} ${path}`, `It cannot be looked at: ${(error as NodeJS.ErrnoException).code}.`, 'Mend the path.'),
      )
    }
  }
  return findings
}

/** Returns the files that secrets among these settings come from, each with the name of its setting. */
export const secretFilesIn = (env: Record<string, string | undefined>, schemas: readonly Record<string, unknown>[]) =>
  schemas
    .flatMap((properties) => Object.entries(properties))
    .filter(([, schema]) => (schema as { secret?: boolean }).secret)
    .flatMap(([name]) => {
      const path = env[`${name}_FILE`]?.trim()
      return path ? [{ name: `${name}_FILE`, path }] : []
    })
