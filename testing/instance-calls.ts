import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAddUser } from '../src/core/account/add-user.ts'
import { findDelivering } from '../src/core/challenge/factor.ts'
import { Problem } from '../src/errors.ts'
import { parsePhone } from '../src/factors/sms/phone-number.ts'
import { systemClock } from '../src/start/clock.ts'
import { explainFailure } from '../src/start/messages.ts'
import { startService } from '../src/start/service.ts'
import { startShutdown } from '../src/start/shutdown.ts'
import { createUserAdmin } from '../src/store/users/admin.ts'
import type { InstanceDatabase } from './instance-database.ts'
import type { InstanceAddress, InstanceCalls, InstanceMessage } from './instance-protocol.ts'

/** The handlers of calls to a running instance. */
export type InstanceCallHandlers = {
  [Name in Exclude<keyof InstanceCalls, 'start'>]: (
    given: InstanceCalls[Name]['given'],
  ) => Promise<InstanceCalls[Name]['answer']>
}

/** The input of an instance. */
export interface InstanceOptions {
  settings: Record<string, string>
  /** Folder for keys and secrets. */
  folder: string
  opening: Promise<InstanceDatabase>
  /** Releases the database. */
  close: () => Promise<void>
  /** Called when the service handles signals itself. */
  removeSignalHandlers: () => void
  tell: (message: InstanceMessage) => void
}

/** Maximum time for a graceful stop of an instance, in ms. */
const MAX_STOP_MS = 5_000

/** Reserves a port of this machine until `release` is called. */
const holdPort = async (): Promise<{ port: number; release: () => Promise<void> }> => {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return { port, release: () => new Promise((resolve) => void server.close(() => resolve())) }
}

/** Starts the service on a free port. Throws the errors of the service. */
export const startInstance = async ({
  settings,
  folder,
  opening,
  close,
  removeSignalHandlers,
  tell,
}: InstanceOptions): Promise<{ address: InstanceAddress; calls: InstanceCallHandlers }> => {
  /** Difference from the clock of the machine in ms. */
  let ahead = 0
  const { port, release } = await holdPort()
  const service = await startService({
    env: { PORT: String(port), DATA_DIR: folder, ...settings },
    clock: { now: () => systemClock.now() + ahead, elapsed: () => systemClock.elapsed() + ahead },
    say: (line) => process.stdout.write(`${line}\n`),
    startShutdown(options) {
      removeSignalHandlers()
      // The IPC channel to the test process shows when that ends.
      return startShutdown({ ...options, followParent: false })
    },
    openDatabase: async () => ({ url: (await opening).url, close }),
    onKept: (message) => tell({ kept: message }),
    beforeListen: release,
  })
  const { address: url, issuer, audience } = service
  const addUser = createAddUser({
    users: createUserAdmin(service.database),
    parsePhone,
    factor: findDelivering(service.factors)!,
    // A test may need a password that users could not choose.
    passwordPolicy: { assertAcceptable: async () => {} },
    passwords: service.passwords,
  })

  return {
    address: { url, issuer, audience },
    calls: {
      async addUser({ username, password, phone, locale }) {
        const user = await addUser({ username, password, phone, locale })
        return {
          id: user.userId,
          username: user.username,
          password,
          phone: user.phone!,
          locale: user.locale ?? undefined,
        }
      },

      async post({ path, body }) {
        const response = await fetch(`${url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        return { status: response.status, body: (await response.json()) as Record<string, unknown> }
      },

      async advance(ms) {
        await (await opening).advance(ms)
        ahead += ms
        return null
      },

      tell: async () => null,

      async stop() {
        // An endless request of the test must not block the database.
        await Promise.race([service.stop(), sleep(MAX_STOP_MS)])
        await close()
        return null
      },
    },
  }
}

/** Converts an error for the test process: the message of the service, with the `code` of a problem. */
export const faultOf = (error: unknown): { message: string; code?: string } => {
  if (!(error instanceof Problem)) return { message: explainFailure(error) }
  const { errors = [], detail = error.message } = error.details
  const faults = errors.map(({ path, message }) => `${path.slice(1)} ${message}`)
  return { message: faults.join('; ') || detail, code: error.code }
}
