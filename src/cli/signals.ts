import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Delays a stop signal until the returned function is called, so that open resources are closed first. A second signal
 * ends the process at once; only its `exit` listeners still run.
 */
export const holdSignals = (): (() => void) => {
  let held: NodeJS.Signals | undefined
  const hold = (signal: NodeJS.Signals) => {
    if (held) process.exit(128 + constants.signals[signal])
    held = signal
  }
  for (const signal of SIGNALS) process.on(signal, hold)
  return () => {
    for (const signal of SIGNALS) process.off(signal, hold)
    // Sends the signal again instead of an exit code, so that the shell sees it and ends its loops too.
    if (held) process.kill(process.pid, held)
  }
}
