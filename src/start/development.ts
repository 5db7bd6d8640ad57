import type { AppDeps } from '../app.ts'
import type { Outbox } from '../providers/development/outbox.ts'
import type { KnownProvider } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'

/** Dependencies of the development conveniences. */
export interface DevelopmentParts {
  /** The providers that `SMS_PROVIDERS` may name. */
  definitions: readonly Pick<KnownProvider, 'name' | 'real'>[]
  outbox: Outbox
  /** The demo user, if one was created. */
  demoUser: { username: string; password: string } | undefined
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/** Returns true if the server uses no real provider, only the embedded database, and only this machine reaches it. */
const isPlayground = (settings: Settings, { definitions }: DevelopmentParts): boolean =>
  settings.NODE_ENV !== 'production' &&
  settings.DATABASE_URL === undefined &&
  LOOPBACK.includes(settings.HOST) &&
  !definitions.some(({ name, real }) => real && settings.SMS_PROVIDERS.includes(name))

/**
 * Creates the development outbox and, outside production, the demo pages. The outbox answers all clients where a setting
 * enables it, and this machine alone on a server without real parts. Settings take precedence.
 */
export const createDevelopment = async (
  settings: Settings,
  parts: DevelopmentParts,
): Promise<AppDeps['development']> => {
  const { outbox, demoUser } = parts
  const isForAll = settings.DEV_OUTBOX === true
  const isForHere = settings.DEV_OUTBOX === undefined && isPlayground(settings, parts)
  const hasDemo = settings.DEMO ?? settings.NODE_ENV !== 'production'
  // Loaded only where it is used: production has neither the pages nor the code that strips their types.
  const files = hasDemo ? (await import('./demo-files.ts')).readDemoFiles() : undefined
  const hasOutbox = isForAll || isForHere
  const { username, password } = demoUser ?? {}
  const known = { outbox: hasOutbox, ...(demoUser && { demo_user: { username, password } }) }
  files?.set('development.json', { type: 'application/json', body: JSON.stringify(known) })
  return { outbox: hasOutbox ? { find: outbox.find, isLocalOnly: !isForAll } : undefined, demo: files }
}
