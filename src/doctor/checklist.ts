import { parseCostBudgets, parseMessageBudgets } from '../guard/budgets.ts'
import { readEveryKey } from '../keys/key-set.ts'
import type { ProviderDefinition } from '../providers/provider.ts'
import type { InspectedSettings } from '../settings/load.ts'
import { SettingsSchema } from '../settings/schema.ts'
import { checkClocks, publicClock } from './clock-check.ts'
import { checkCountries } from './countries-check.ts'
import { checkBackups, checkDatabase, checkMigrations } from './database-check.ts'
import { type DatabaseReport, readDatabase } from './database-report.ts'
import { checkAdminPort, checkCors, checkEvents } from './exposure-check.ts'
import { type Check, type Finding, fault } from './finding.ts'
import { checkGuard } from './guard-check.ts'
import { checkKeys } from './keys-check.ts'
import { checkOutgoing } from './outgoing-check.ts'
import type { Probes } from './probes.ts'
import { configuredProviders } from './providers.ts'
import { checkProviders } from './providers-check.ts'
import { checkProxy } from './proxy-check.ts'
import { checkPublicAddress } from './public-address-check.ts'
import { checkRedis } from './redis-check.ts'
import { checkSecrets, secretFilesIn } from './secrets-check.ts'
import { checkSettings } from './settings-check.ts'
import { checkScenarios, checkTexts } from './texts-check.ts'
import { keepValidSettings } from './valid-settings.ts'

/** The input of the doctor: settings as production reads them, with their faults and sources. */
export interface DoctorInput {
  inspected: InspectedSettings
  env: Record<string, string | undefined>
  definitions: readonly ProviderDefinition[]
  probes: Probes
}

const unreachable = ({
  reason,
  todo = 'Start it, or correct the address, the user or the password.',
}: {
  reason: string
  todo?: string
}): Finding[] => [fault('DATABASE_URL', `The database cannot be checked: ${reason}.`, todo)]

/** Creates the checks, in the order of docs/going-to-production.md. */
export const createChecklist = async ({ inspected, env, definitions, probes }: DoctorInput): Promise<Check[]> => {
  const { settings, faulty } = keepValidSettings(inspected)
  const report: DatabaseReport = await readDatabase(settings.DATABASE_URL, { now: probes.now })
  const server = report.ok ? report.server : undefined
  const service = report.ok ? report.service : undefined
  const seconds = Math.floor(probes.now() / 1000)
  const issuer = settings.ISSUER
  const path = settings.JWT_KEYS_FILE
  const kids = async () => {
    try {
      const sources =
        path === undefined ? [{ name: 'JWT_KEYS', text: settings.JWT_KEYS ?? '' }] : await probes.readKeys(path)
      return readEveryKey(sources).map(({ kid }) => kid)
    } catch {
      return []
    }
  }
  const schemas = [SettingsSchema.properties, ...definitions.map((definition) => definition.settings.properties)]
  const exposure = {
    adminPort: settings.ADMIN_PORT,
    adminHost: settings.ADMIN_HOST,
    corsOrigins: settings.CORS_ORIGINS,
    eventsUrl: settings.EVENTS_WEBHOOK_URL,
    events: service?.events,
    now: probes.now(),
    ask: probes.ask,
  }
  return [
    { name: 'settings', look: () => checkSettings({ mode: env['NODE_ENV'], faults: inspected.faults }) },
    {
      name: 'keys',
      look: () =>
        checkKeys({
          path,
          inline: settings.JWT_KEYS,
          alg: settings.JWT_ALGORITHM,
          now: seconds,
          read: probes.readKeys,
          modeOf: probes.modeOf,
        }),
    },
    {
      name: 'secrets',
      look: () =>
        checkSecrets({
          secret: inspected.settings.SECRET,
          previous: settings.SECRET_PREVIOUS,
          secretFile: env['SECRET_FILE']?.trim() || undefined,
          // The check of keys covers the key file.
          files: secretFilesIn(env, schemas).filter(({ name }) => name !== 'JWT_KEYS_FILE'),
          now: seconds,
          modeOf: probes.modeOf,
        }),
    },
    {
      name: 'tls',
      look: async () => checkPublicAddress({ issuer, kids: await kids(), now: probes.now(), ask: probes.ask }),
    },
    { name: 'proxy', look: () => checkProxy({ ranges: settings.TRUST_PROXY, issuer, seen: service?.seen }) },
    {
      name: 'outgoing',
      look: () =>
        checkOutgoing({
          httpsProxy: settings.HTTPS_PROXY,
          httpProxy: settings.HTTP_PROXY,
          noProxy: settings.NO_PROXY,
          reach: probes.reachProxy,
        }),
    },
    {
      name: 'providers',
      look: async () =>
        checkProviders({
          ...(await configuredProviders(settings, definitions, faulty)),
          issuer,
          transport: probes.transport,
          ask: probes.ask,
        }),
    },
    { name: 'texts', look: () => [...checkTexts(settings), ...checkScenarios(settings, probes.now())] },
    {
      name: 'countries',
      look: () =>
        checkCountries({
          countries: settings.SMS_COUNTRIES,
          priced: new Set(settings.SMS_PRICES.map((item) => item.split('=')[0]!)),
          messages: parseMessageBudgets(settings.SMS_BUDGET_MESSAGES),
          cost: parseCostBudgets(settings.SMS_BUDGET_COST),
          users: service?.users,
        }),
    },
    {
      name: 'guard',
      look: () =>
        checkGuard({
          isOn: settings.SMS_GUARD,
          humanCheck: settings.HUMAN_CHECK,
          state: report.ok ? report.guard : undefined,
        }),
    },
    {
      name: 'clock',
      look: async () => checkClocks([...(report.ok ? [report.clock] : []), ...(await publicClock(issuer, probes))]),
    },
    {
      name: 'database',
      look: () =>
        server && report.ok
          ? checkDatabase({
              facts: server,
              poolSize: settings.DATABASE_POOL_SIZE,
              pooled: report.pooled,
              state: report.state,
            })
          : unreachable(report as { reason: string; todo?: string }),
    },
    { name: 'migrations', look: () => (report.ok ? checkMigrations(report.state) : []) },
    { name: 'backups', look: () => (server ? checkBackups({ archive: server.archive, now: probes.now() }) : []) },
    {
      name: 'redis',
      look: () =>
        checkRedis({
          isSet: settings.REDIS_URL !== undefined,
          instances: server?.instances,
          ping: () => probes.pingRedis(settings.REDIS_URL!),
        }),
    },
    { name: 'admin', look: () => checkAdminPort(exposure) },
    { name: 'cors', look: () => checkCors(exposure) },
    { name: 'events', look: () => checkEvents(exposure) },
  ]
}
