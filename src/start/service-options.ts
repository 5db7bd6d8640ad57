import type { Factor } from '../core/challenge/factor.ts'
import type { PasswordVerifier } from '../core/login/ports.ts'
import type { SentMessage } from '../providers/development/outbox.ts'
import type { Settings } from '../settings/schema.ts'
import type { Database } from '../store/database.ts'
import type { Clock } from './clock.ts'
import type { Shutdown, ShutdownOptions } from './shutdown.ts'

/** A database that the service stores everything in. */
export interface OpenedDatabase {
  url: string
  /** A user for trying the service, if one was created. */
  demoUser?: { username: string; password: string } | undefined
  /** Closes it, once all connections have ended. */
  close(): void | Promise<void>
}

/** The dependencies that the process provides to the service. */
export interface ServiceOptions {
  /** The settings, by the names of their environment variables. */
  env: Record<string, string | undefined>
  clock: Clock
  /** Prints a line for the person who runs the service. */
  say: (line: string) => void
  /** Starts to listen for the signals that end the process. */
  startShutdown: (options: Pick<ShutdownOptions, 'delay' | 'log'>) => Shutdown
  openDatabase: (settings: Settings) => Promise<OpenedDatabase>
  /** Called with each message that is kept instead of being sent. */
  onKept?: (message: SentMessage) => void
  /** Called right before the ports are opened. */
  beforeListen?: () => Promise<void>
}

/** A running service. */
export interface Service {
  /** The address that it listens on: `http://127.0.0.1:3000`. */
  address: string
  issuer: string
  audience: string
  isProduction: boolean
  demoUser: OpenedDatabase['demoUser']
  /** Serves the demo pages. */
  hasDemo: boolean
  /** The place where codes can be read in development: the console, or `/dev/outbox`. */
  codesAt: 'console' | 'outbox' | undefined
  database: Database
  factors: readonly Factor[]
  passwords: PasswordVerifier
  /** Finishes the requests in flight and closes everything. Further calls do nothing. */
  stop(): Promise<void>
}
