import type { Logger } from 'pino'
import { explainKeys, keyFileIn, readKeySources, secretIn, secretPath } from '../keys/key-files.ts'
import { readKeySets, type SigningKeys, type Source } from '../keys/key-set.ts'
import { openRing, type WatchedRing } from '../keys/ring.ts'
import { activeKey, POLL_INTERVAL_MS } from '../keys/rotation.ts'
import { readSecrets, type Secrets } from '../keys/secrets.ts'
import type { Settings } from '../settings/schema.ts'
import { readTextFile } from '../settings/text-file.ts'

/** The source of secrets and keys: values in the settings, and files that the environment names. */
export interface RingSource {
  settings: Pick<Settings, 'SECRET' | 'SECRET_PREVIOUS' | 'JWT_KEYS' | 'JWT_KEYS_FILE' | 'JWT_ALGORITHM' | 'DATA_DIR'>
  env: Record<string, string | undefined>
  log: Pick<Logger, 'info' | 'warn'>
  /** Unix time, ms. */
  now: () => number
}

/** Returns a reader of a fixed value, or of a file that is read again each time. */
const sourceOf = (name: string, value: string, { env }: RingSource): (() => Promise<Source>) => {
  const path = env[`${name}_FILE`]?.trim()
  return path
    ? async () => ({ name: `${name}_FILE ${path}`, text: await readTextFile(path) })
    : async () => ({ name, text: value })
}

const secretSources = (source: RingSource): (() => Promise<Source[]>) => {
  const { SECRET, SECRET_PREVIOUS, DATA_DIR } = source.settings
  const made = secretPath(DATA_DIR)
  if (SECRET === undefined) secretIn(DATA_DIR)
  const first =
    SECRET === undefined
      ? async () => ({ name: made, text: await readTextFile(made) })
      : sourceOf('SECRET', SECRET, source)
  const previous = SECRET_PREVIOUS === undefined ? [] : [sourceOf('SECRET_PREVIOUS', SECRET_PREVIOUS, source)]
  return () => Promise.all([first, ...previous].map((read) => read()))
}

/** Opens the secrets, whose files `watch` reads again. Throws if they are invalid. */
export const openSecrets = (source: RingSource): Promise<WatchedRing<Secrets>> =>
  openRing({
    read: secretSources(source),
    parse: (sources) => readSecrets(sources as [Source, ...Source[]]),
    onChange: (secrets) => {
      const ids = secrets.map(({ id }) => id)
      source.log.info({ event: 'secrets_changed', ids }, `the secrets are now ${ids.join(', ')}`)
    },
    onRefused: (error) =>
      source.log.warn(
        { event: 'secrets_refused', reason: error.message },
        'the changed secrets are invalid; the former ones stay in use',
      ),
  })

/** Opens the signing keys, whose files `watch` reads again. Throws if they are invalid. */
export const openKeys = ({ settings, log, now }: RingSource): Promise<WatchedRing<SigningKeys>> => {
  const { JWT_KEYS: inline, JWT_ALGORITHM: alg, DATA_DIR: dataDir } = settings
  const path = settings.JWT_KEYS_FILE ?? (inline === undefined ? keyFileIn(dataDir, alg) : 'keys.json')
  const setting = inline === undefined ? `JWT_KEYS_FILE ${path}` : 'JWT_KEYS'
  /** Adds to an error how to fix it. */
  const explained = async <R>(work: () => R | Promise<R>): Promise<R> => {
    try {
      return await work()
    } catch (error) {
      throw explainKeys(setting, path, alg, error)
    }
  }
  return explained(() =>
    openRing({
      read: async () => (inline === undefined ? readKeySources(path) : [{ name: setting, text: inline }]),
      parse: (sources) => readKeySets(sources, alg),
      onChange: (keys) => {
        const kids = keys.map(({ kid }) => kid)
        const signs = activeKey(keys, Math.floor(now() / 1000)).kid
        log.info({ event: 'keys_changed', kids, signs }, `the signing keys are now ${kids.join(', ')}; ${signs} signs`)
      },
      onRefused: (error) =>
        log.warn(
          { event: 'keys_refused', reason: error.message },
          'the changed signing keys are invalid; the former ones stay in use',
        ),
    }),
  )
}

/** The secrets and signing keys of a server, which follow changes of their files. */
export interface Rings {
  secrets: WatchedRing<Secrets>
  keys: WatchedRing<SigningKeys>
}

/** Opens secrets and keys, and watches their files until the stack is closed. */
export const openRings = async (opened: AsyncDisposableStack, source: RingSource): Promise<Rings> => {
  const [secrets, keys] = [await openSecrets(source), await openKeys(source)]
  for (const ring of [secrets, keys]) opened.defer(ring.watch(POLL_INTERVAL_MS))
  return { secrets, keys }
}
