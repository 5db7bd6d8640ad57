import { listKeys } from '../keys/change-keys.ts'
import { explainKeys } from '../keys/key-files.ts'
import { type KeyAlgorithm, readKeySets, type Source } from '../keys/key-set.ts'
import { activeKey } from '../keys/rotation.ts'
import { checkMode, type FileMode } from './file-modes.ts'
import { type Finding, fault, ok, warning } from './finding.ts'
import { momentOf, standingFindings } from './standing-findings.ts'

/** The input of the keys check. */
export interface KeysLook {
  /** The value of `JWT_KEYS_FILE`, if set. */
  path: string | undefined
  /** The value of `JWT_KEYS`, if set. */
  inline: string | undefined
  alg: KeyAlgorithm
  /** Unix time in seconds. */
  now: number
  read: (path: string) => Promise<Source[]>
  modeOf: (path: string) => FileMode
}

/** Age of an old key in seconds: a year, which the guide sets as the limit, and a month. */
const OLD = 396 * 86_400

const ageFinding = (looked: string, { from, now }: { from: number; now: number }): Finding[] => {
  if (now - from < OLD || from === 0) return []
  const years = ((now - from) / (365 * 86_400)).toFixed(1)
  return [warning(looked, `The active key is ${years} years old.`, 'Run: npx doorcode keys rotate (docs/keys.md).')]
}

/** Checks the signing keys: existence, file permissions, the active key and its age, and next and former keys. */
export const checkKeys = async ({ path, inline, alg, now, read, modeOf }: KeysLook): Promise<Finding[]> => {
  if (path === undefined && inline === undefined)
    return [fault('JWT_KEYS_FILE', 'No keys are configured.', 'Run: npx doorcode keys new --file keys.json')]
  const looked = path === undefined ? 'JWT_KEYS' : `JWT_KEYS_FILE ${path}`
  const findings: Finding[] = []
  try {
    const sources = path === undefined ? [{ name: looked, text: inline! }] : await read(path)
    if (path !== undefined)
      findings.push(...sources.map(({ name }) => checkMode(`JWT_KEYS_FILE ${name}`, name, modeOf(name))))
    const keys = readKeySets(sources, alg)
    const signing = activeKey(keys, now)
    const since = signing.from > 0 ? ` since ${momentOf(signing.from)}` : ', since an unknown date'
    findings.push(
      ok(looked, `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}; ${signing.kid} (${alg}) signs${since}.`),
      ...ageFinding(looked, { from: signing.from, now }),
    )
    if (path !== undefined)
      findings.push(...standingFindings(looked, await listKeys(path, now), { now, command: 'keys' }))
    else findings.push(warning(looked, 'A change of these keys needs a restart.', 'Use a file: JWT_KEYS_FILE.'))
  } catch (error) {
    const [found = '', todo = ''] = explainKeys(looked, path ?? 'keys.json', alg, error).message.split(
      /(?<=\.) (?=(?:Make|Create) one)/,
    )
    findings.push(fault(looked, found, `${todo}.`))
  }
  return findings
}
