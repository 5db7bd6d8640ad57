/**
 * Replaces `tap` in a test file that shares a process with others: exports the test that `lane.ts` has started for it.
 */
import type { Test } from 'tap'

declare global {
  var fileTest: Test
}

const test: Test = globalThis.fileTest

// biome-ignore lint/style/noDefaultExport: tap has a default export.
export default test
