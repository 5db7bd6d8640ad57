import { test as base } from '@playwright/test'
import { type Doorcode, startDoorcode } from 'doorcode/testing'

/** Playwright's `test`, with a Doorcode that all tests of a worker share. */
export const test = base.extend<object, { doorcode: Doorcode }>({
  doorcode: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it that nothing else is needed.
    async ({}, use) => {
      const doorcode = await startDoorcode({ settings: { DEMO: 'true' } })
      await use(doorcode)
      await doorcode.stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

export { expect } from '@playwright/test'
