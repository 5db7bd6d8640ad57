import type { Logger } from 'pino'
import { createOutgoing, type Outgoing } from '../http-client/outgoing.ts'
import type { Secrets } from '../keys/secrets.ts'
import { loadExternal } from '../providers/external.ts'
import { providers as ourProviders } from '../providers/index.ts'
import type { ProviderDefinition } from '../providers/provider.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import type { Clock } from './clock.ts'
import { issuerOf } from './issuer.ts'
import { openRings, type Rings } from './keys.ts'
import { createLogger, prettyWhenWatched } from './logger.ts'
import type { ServiceOptions } from './service-options.ts'

/** The common dependencies of all parts of the service. */
export interface Foundation extends Rings {
  settings: Settings & Record<string, unknown>
  /** The providers that `SMS_PROVIDERS` may name. */
  definitions: readonly ProviderDefinition[]
  clock: Clock
  logger: Logger
  outgoing: Outgoing
  issuer: string
  audience: string
  /**
   * The keys for counters and hashes. They come from the first secret, not the active one, so that all instances agree
   * at any time.
   */
  firstKeys: Pick<Secrets[0], 'attemptKey' | 'humanCheckKey' | 'phoneKey'>
}

/**
 * Reads the settings, and opens the log, the keys and the HTTP client. Throws a `SettingsError` with all faults of the
 * settings.
 */
export const openFoundation = async (
  opened: AsyncDisposableStack,
  { env, clock }: Pick<ServiceOptions, 'env' | 'clock'>,
): Promise<Foundation> => {
  const { loaded, faults } = await loadExternal((env['SMS_PROVIDERS'] ?? '').split(',').map((name) => name.trim()))
  const definitions = [...loaded, ...ourProviders]
  const settings = loadSettings({ env, providers: definitions, faults })
  const logger = createLogger(settings.LOG_LEVEL, await prettyWhenWatched(settings.NODE_ENV === 'production'))
  const rings = await openRings(opened, { settings, env, log: logger, now: clock.now })
  const outgoing = opened.adopt(createOutgoing(settings), ({ close }) => close())
  const issuer = issuerOf(settings)
  return {
    settings,
    definitions,
    clock,
    logger,
    outgoing,
    issuer,
    audience: settings.AUDIENCE ?? issuer,
    firstKeys: rings.secrets.current()[0],
    ...rings,
  }
}
