import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Puts off the end that a signal asks for until the returned function is called, so that what was opened is closed
 * first. A second signal ends the process at once, with nothing but what its `exit` event still stops.
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
    // Sent again and not turned into an exit code: the shell must see that a signal ended us (a loop in it ends too).
    if (held) process.kill(process.pid, held)
  }
}
