import type { Factor } from '../core/challenge/factor.ts'
import type { PasswordVerifier } from '../core/login/ports.ts'
import type { SentMessage } from '../providers/development/outbox.ts'
import type { Settings } from '../settings/schema.ts'
import type { Database } from '../store/database.ts'
import type { Clock } from './clock.ts'
import type { Shutdown, ShutdownOptions } from './shutdown.ts'

/** A database to serve from. */
export interface OpenedDatabase {
  url: string
  /** A user who was made there so that somebody can try it. */
  demoUser?: { username: string; password: string } | undefined
  /** Lets go of it, once nobody uses it any more. */
  close(): void | Promise<void>
}

/** What the service gets from whoever starts it. */
export interface ServiceOptions {
  /** The settings, by the names of their environment variables. */
  env: Record<string, string | undefined>
  clock: Clock
  /** Shows a line to whoever runs it. */
  say: (line: string) => void
  /** Begins to listen for what ends the process. */
  startShutdown: (options: Pick<ShutdownOptions, 'delay' | 'log'>) => Shutdown
  openDatabase: (settings: Settings) => Promise<OpenedDatabase>
  /** Told of each message that is kept instead of being sent. */
  onKept?: (message: SentMessage) => void
  /** Runs right before the port is taken. */
  beforeListen?: () => Promise<void>
}

/** The service while it runs. */
export interface Service {
  /** Where it listens: `http://127.0.0.1:3000`. */
  address: string
  issuer: string
  audience: string
  isProduction: boolean
  demoUser: OpenedDatabase['demoUser']
  /** Whether it serves the demo pages. */
  hasDemo: boolean
  /** Where a person reads codes in development: on the console, or at `/dev/outbox`. */
  codesAt: 'console' | 'outbox' | undefined
  database: Database
  factors: readonly Factor[]
  passwords: PasswordVerifier
  /** Finishes what is under way and lets go of everything; for once. */
  stop(): Promise<void>
}
