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

/** What is done for each call to an instance that runs. */
export type InstanceCallHandlers = {
  [Name in Exclude<keyof InstanceCalls, 'start'>]: (
    given: InstanceCalls[Name]['given'],
  ) => Promise<InstanceCalls[Name]['answer']>
}

/** What an instance is made of. */
export interface InstanceParts {
  settings: Record<string, string>
  /** For its keys and secrets. */
  folder: string
  opening: Promise<InstanceDatabase>
  /** Lets go of the database. */
  close: () => Promise<void>
  /** Called when the service listens for signals itself. */
  removeSignalHandlers: () => void
  tell: (message: InstanceMessage) => void
}

/** How long an instance may finish what is under way, in ms. */
const LONGEST_STOP = 5_000

/** Keeps a port of this machine from everybody else until it is let go. */
const holdPort = async (): Promise<{ port: number; letGo: () => Promise<void> }> => {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return { port, letGo: () => new Promise((resolve) => void server.close(() => resolve())) }
}

/** Starts the service on a free port. Throws what it throws. */
export const startInstance = async ({
  settings,
  folder,
  opening,
  close,
  removeSignalHandlers,
  tell,
}: InstanceParts): Promise<{ address: InstanceAddress; calls: InstanceCallHandlers }> => {
  /** The time is by this much ahead of the machine's, in ms. */
  let ahead = 0
  const { port, letGo } = await holdPort()
  const service = await startService({
    env: { PORT: String(port), DATA_DIR: folder, ...settings },
    clock: { now: () => systemClock.now() + ahead, elapsed: () => systemClock.elapsed() + ahead },
    say: (line) => process.stdout.write(`${line}\n`),
    startShutdown(options) {
      removeSignalHandlers()
      // The channel to whoever started us says when that ends.
      return startShutdown({ ...options, followParent: false })
    },
    openDatabase: async () => ({ url: (await opening).url, close }),
    onKept: (message) => tell({ kept: message }),
    beforeListen: letGo,
  })
  const { address: url, issuer, audience } = service
  const addUser = createAddUser({
    users: createUserAdmin(service.database),
    parsePhone,
    factor: findDelivering(service.factors)!,
    // A test may want what nobody could choose.
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
        // A request of the test's own that never ends must not keep the database.
        await Promise.race([service.stop(), sleep(LONGEST_STOP)])
        await close()
        return null
      },
    },
  }
}

/** An error as it is told to a test: in the service's own words, with the code of the problem where it is one. */
export const faultOf = (error: unknown): { message: string; code?: string } => {
  if (!(error instanceof Problem)) return { message: explainFailure(error) }
  const { errors = [], detail = error.message } = error.details
  const faults = errors.map(({ path, message }) => `${path.slice(1)} ${message}`)
  return { message: faults.join('; ') || detail, code: error.code }
}
