/** The process of a test instance. It ends when the test process ends. */
import { availableParallelism } from 'node:os'
import { removeDataDir } from '../db/embedded-places.ts'
import { makeInstanceFolder, removeAbandonedFolders } from './abandoned.ts'
import type { InstanceCallHandlers } from './instance-calls.ts'
import { type InstanceDatabase, openInstanceDatabase } from './instance-database.ts'
import type { InstanceCall, InstanceMessage } from './instance-protocol.ts'

// The same as in the server.
process.env['UV_THREADPOOL_SIZE'] ??= String(2 * availableParallelism())

const say = (message: InstanceMessage) => void process.send?.(message)

const folder = makeInstanceFolder()
let opening: Promise<InstanceDatabase> | undefined
let database: InstanceDatabase | undefined
process.once('exit', () => {
  database?.closeNow()
  removeDataDir(folder)
})

let closing: Promise<void> | undefined
const close = () => {
  closing ??= (async () => {
    const opened = await opening?.catch(() => undefined)
    await opened?.close()
    database = undefined
  })()
  return closing
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Handles signals until the service does, so that a starting Postgres is stopped too. */
const leaveEarly = () => void close().finally(() => process.exit(1))
for (const signal of SIGNALS) process.on(signal, leaveEarly)
const removeSignalHandlers = () => {
  for (const signal of SIGNALS) process.off(signal, leaveEarly)
}

const leave = () => void process.emit('SIGTERM', 'SIGTERM')
process.once('disconnect', leave)

let handlers: InstanceCallHandlers | undefined

const start = async ({ settings, database: wish }: Extract<InstanceCall, { name: 'start' }>['given']) => {
  opening = openInstanceDatabase(wish, folder).then((opened) => {
    database = opened
    return opened
  })
  opening.catch(() => {})
  try {
    // Runs while Postgres starts.
    const cleaning = removeAbandonedFolders()
    const { startInstance } = await import('./instance-calls.ts')
    const { address, calls } = await startInstance({
      settings,
      folder,
      opening,
      close,
      removeSignalHandlers,
      tell: say,
    })
    handlers = calls
    await cleaning
    return address
  } catch (error) {
    await close()
    throw error
  }
}

process.on('message', async ({ id, name, given }: InstanceCall) => {
  try {
    if (name === 'start') return say({ id, answer: await start(given) })
    if (name === 'stop') process.off('disconnect', leave).once('disconnect', () => process.exit(0))
    return say({ id, answer: await handlers![name](given as never) })
  } catch (error) {
    const { faultOf } = await import('./instance-calls.ts')
    return say({ id, fault: faultOf(error) })
  }
})
