import { createHook } from 'node:async_hooks'
import type { Test } from 'tap'

/** Kinds of resources that hold a handle of the system. */
const KINDS = new Set(['Timeout', 'TCPWRAP', 'TCPSERVERWRAP', 'PIPEWRAP', 'PROCESSWRAP'])

/** A line of a stack trace in our source. */
const OURS = /\/(?:src|db)\/[\w/-]+\.ts:\d+/

/**
 * Watches the timers, sockets, listeners and child processes that our source opens from now on, including unreferenced
 * ones. Returns a function that lists the open ones, each with its line.
 */
export const watchResources = (t: Test): (() => string[]) => {
  const open = new Map<number, string>()
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 50
  const hook = createHook({
    init(id, kind) {
      if (!KINDS.has(kind)) return
      const { stack = '' } = new Error()
      const line = OURS.exec(stack)?.[0]
      // The timeout of a request ends by itself.
      if (line && !stack.includes('internal/abort_controller')) open.set(id, `${kind} of ${line}`)
    },
    destroy: (id) => void open.delete(id),
  }).enable()
  t.teardown(() => {
    hook.disable()
    Error.stackTraceLimit = stackTraceLimit
  })
  return () => [...open.values()].sort()
}
