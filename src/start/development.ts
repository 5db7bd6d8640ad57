import type { AppDeps } from '../app.ts'
import type { Outbox } from '../providers/development/outbox.ts'
import type { KnownProvider } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'

/** What development conveniences are made of. */
export interface DevelopmentParts {
  /** The companies that `SMS_PROVIDERS` may name. */
  definitions: readonly Pick<KnownProvider, 'name' | 'real'>[]
  outbox: Outbox
  /** The user that was seeded here, if one was. */
  demoUser: { username: string; password: string } | undefined
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/** Whether nothing real is behind this server: no company, no database but the embedded one, and nobody else reaches it. */
const isPlayground = (settings: Settings, { definitions }: DevelopmentParts): boolean =>
  settings.NODE_ENV !== 'production' &&
  settings.DATABASE_URL === undefined &&
  LOOPBACK.includes(settings.HOST) &&
  !definitions.some(({ name, real }) => real && settings.SMS_PROVIDERS.includes(name))

/**
 * The outbox, for everybody where it was asked for, or for this machine alone where nothing real is behind it; and the
 * demo pages, outside production. Settings that say otherwise win.
 */
export const createDevelopment = async (
  settings: Settings,
  parts: DevelopmentParts,
): Promise<AppDeps['development']> => {
  const { outbox, demoUser } = parts
  const isForAll = settings.DEV_OUTBOX === true
  const isForHere = settings.DEV_OUTBOX === undefined && isPlayground(settings, parts)
  const hasDemo = settings.DEMO ?? settings.NODE_ENV !== 'production'
  // Loaded only where it is used: production has neither the pages nor what strips their types.
  const files = hasDemo ? (await import('./demo-files.ts')).readDemoFiles() : undefined
  const hasOutbox = isForAll || isForHere
  const { username, password } = demoUser ?? {}
  const known = { outbox: hasOutbox, ...(demoUser && { demo_user: { username, password } }) }
  files?.set('development.json', { type: 'application/json', body: JSON.stringify(known) })
  return { outbox: hasOutbox ? { find: outbox.find, onlyHere: !isForAll } : undefined, demo: files }
}
