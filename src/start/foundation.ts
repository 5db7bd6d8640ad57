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

/** What every part of the service stands on. */
export interface Foundation extends Rings {
  settings: Settings & Record<string, unknown>
  /** The providers that `SMS_PROVIDERS` may name. */
  definitions: readonly ProviderDefinition[]
  clock: Clock
  logger: Logger
  outgoing: Outgoing
  issuer: string
  audience: string
  /** The keys of what is counted and hashed: of the first secret and not the active one, so that instances agree whenever they started. */
  firstKeys: Pick<Secrets[0], 'attemptKey' | 'humanCheckKey' | 'phoneKey'>
}

/** Reads the settings, and opens the log, the keys and the way out. Throws a `SettingsError` with all faults of the settings. */
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
