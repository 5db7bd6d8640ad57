import type { Test } from 'tap'
import type { ToSuite } from './messages.ts'

/**
 * Notes that this machine lacks a dependency of a test. The suite lists it in its last lines; with `CI` set the test
 * fails, unless CI may lack it too.
 */
export const noteMissing = (t: Test, missing: string, install: string, { inCi = false } = {}): void => {
  const words = `${missing} is missing here. ${install}`
  if (process.env['CI'] && !inCi) t.fail(words)
  else t.pass(words)
  process.send?.({ missing, install } satisfies ToSuite)
}
