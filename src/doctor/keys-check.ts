import { listKeys } from '../keys/change-keys.ts'
import { explainKeys } from '../keys/key-files.ts'
import { type KeyAlgorithm, readKeySets, type Source } from '../keys/key-set.ts'
import { activeKey } from '../keys/rotation.ts'
import { checkMode, type FileMode } from './file-modes.ts'
import { type Finding, fault, ok, warning } from './finding.ts'
import { momentOf, standingFindings } from './standing-findings.ts'

/** Where the keys come from, and what reads them. */
export interface KeysLook {
  /** `JWT_KEYS_FILE`, if that is set. */
  path: string | undefined
  /** `JWT_KEYS`, if that is. */
  inline: string | undefined
  alg: KeyAlgorithm
  /** Unix seconds. */
  now: number
  read: (path: string) => Promise<Source[]>
  modeOf: (path: string) => FileMode
}

/** A year and a month: the guide says once a year at least. */
const OLD = 396 * 86_400

const ageFinding = (looked: string, { from, now }: { from: number; now: number }): Finding[] => {
  if (now - from < OLD || from === 0) return []
  const years = ((now - from) / (365 * 86_400)).toFixed(1)
  return [warning(looked, `The key that signs is ${years} years old.`, 'Run: npx doorcode keys rotate (docs/keys.md).')]
}

/** The signing keys: that there are some, who can read them, which one signs, how old it is, and what waits or may go. */
export const checkKeys = async ({ path, inline, alg, now, read, modeOf }: KeysLook): Promise<Finding[]> => {
  if (path === undefined && inline === undefined)
    return [fault('JWT_KEYS_FILE', 'There are no keys.', 'Run: npx doorcode keys new --file keys.json')]
  const looked = path === undefined ? 'JWT_KEYS' : `JWT_KEYS_FILE ${path}`
  const findings: Finding[] = []
  try {
    const sources = path === undefined ? [{ name: looked, text: inline! }] : await read(path)
    if (path !== undefined)
      findings.push(...sources.map(({ name }) => checkMode(`JWT_KEYS_FILE ${name}`, name, modeOf(name))))
    const keys = readKeySets(sources, alg)
    const signing = activeKey(keys, now)
    const since = signing.from > 0 ? ` since ${momentOf(signing.from)}` : ', and nothing says since when'
    findings.push(
      ok(looked, `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}; ${signing.kid} (${alg}) signs${since}.`),
      ...ageFinding(looked, { from: signing.from, now }),
    )
    if (path !== undefined)
      findings.push(...standingFindings(looked, await listKeys(path, now), { now, command: 'keys' }))
    else
      findings.push(warning(looked, 'A change of these keys takes a restart.', 'Put them into a file: JWT_KEYS_FILE.'))
  } catch (error) {
    const [found = '', todo = ''] = explainKeys(looked, path ?? 'keys.json', alg, error).message.split(
      /(?<=\.) (?=Make one)/,
    )
    findings.push(fault(looked, found, `${todo}.`))
  }
  return findings
}
