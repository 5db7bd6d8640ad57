/** What a test file gets for `tap` while it shares a process with others: the test that `lane.ts` has begun for it. */
import type { Test } from 'tap'

declare global {
  var fileTest: Test
}

const test: Test = globalThis.fileTest

// biome-ignore lint/style/noDefaultExport: tap's own form.
export default test
