import { listSecrets } from '../keys/change-secrets.ts'
import { parseSecrets } from '../keys/secrets.ts'
import { checkMode, type FileMode } from './file-modes.ts'
import { type Finding, fault, ok, warning } from './finding.ts'
import { standingFindings } from './standing-findings.ts'

/** The input of the secrets check. */
export interface SecretsLook {
  /** The value of `SECRET`, if set; the next two are `SECRET_PREVIOUS` and the path in `SECRET_FILE`. */
  secret: string | undefined
  previous: string | undefined
  secretFile: string | undefined
  /** Every secret from a file: the setting `NAME_FILE` and its path. */
  files: readonly { name: string; path: string }[]
  /** Unix time in seconds. */
  now: number
  modeOf: (path: string) => FileMode
}

/** Words of placeholders and of examples in guides. */
const EXAMPLES =
  /change.?me|example|secret|password|doorcode|default|placeholder|your.?|insert|test|letmein|qwert|12345|abcdef/i

/** Estimates the entropy of a secret in bits from its length and the frequency of its characters. */
const bitsOf = (secret: string): number => {
  const counts = new Map<string, number>()
  for (const character of secret) counts.set(character, (counts.get(character) ?? 0) + 1)
  const shares = [...counts.values()].map((count) => count / secret.length)
  return Math.round(secret.length * shares.reduce((sum, share) => sum - share * Math.log2(share), 0))
}

/** Minimum entropy of a secret in bits (SP 800-57 part 1 §5.6.1). */
const MIN_BITS = 128

const CREATE = 'Run: npx doorcode secret new --file secret; and set SECRET_FILE=secret.'

const qualityOf = (looked: string, secret: string): Finding => {
  if (EXAMPLES.test(secret)) return fault(looked, 'It looks like an example, because it contains words.', CREATE)
  const bits = bitsOf(secret)
  if (bits < MIN_BITS)
    return fault(
      looked,
      `It repeats characters: ${secret.length} characters have only ${bits} bits of entropy.`,
      CREATE,
    )
  return ok(looked, `It is long enough and looks random (${secret.length} characters).`)
}

/** Checks the secret: its entropy, its file permissions, and the state of its rotation. */
export const checkSecrets = ({ secret, previous, secretFile, files, now, modeOf }: SecretsLook): Finding[] => {
  const findings: Finding[] = []
  const looked = secretFile === undefined ? 'SECRET' : `SECRET_FILE ${secretFile}`
  if (secret === undefined) findings.push(fault('SECRET or SECRET_FILE', 'The secret is not set.', CREATE))
  else {
    try {
      findings.push(...parseSecrets(secret).map((line) => qualityOf(looked, line.secret)))
      if (secretFile !== undefined)
        findings.push(...standingFindings(looked, listSecrets(secretFile, now), { now, command: 'secret' }))
    } catch (error) {
      findings.push(fault(looked, `It ${(error as Error).message}.`, CREATE))
    }
  }
  if (previous !== undefined)
    findings.push(
      warning('SECRET_PREVIOUS', 'A previous secret is still accepted.', 'Remove it eleven minutes after the change.'),
    )
  for (const { name, path } of files) {
    try {
      findings.push(checkMode(`${name} ${path}`, path, modeOf(path)))
    } catch (error) {
      findings.push(
        fault(
          `${name} ${path}`,
          `The file cannot be read: ${(error as NodeJS.ErrnoException).code}.`,
          'Correct the path.',
        ),
      )
    }
  }
  return findings
}

/** Returns the files of secret settings, each with the name of its setting. */
export const secretFilesIn = (env: Record<string, string | undefined>, schemas: readonly Record<string, unknown>[]) =>
  schemas
    .flatMap((properties) => Object.entries(properties))
    .filter(([, schema]) => (schema as { secret?: boolean }).secret)
    .flatMap(([name]) => {
      const path = env[`${name}_FILE`]?.trim()
      return path ? [{ name: `${name}_FILE`, path }] : []
    })
