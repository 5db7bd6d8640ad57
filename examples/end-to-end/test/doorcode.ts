import { test as base } from '@playwright/test'
import { type Doorcode, startDoorcode } from 'doorcode/testing'

/** Playwright's `test` with the fixture `doorcode`, which all tests of a worker share. */
export const test = base.extend<object, { doorcode: Doorcode }>({
  doorcode: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern: this fixture needs no other.
    async ({}, use) => {
      const doorcode = await startDoorcode({ settings: { DEMO: 'true' } })
      await use(doorcode)
      await doorcode.stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

export { expect } from '@playwright/test'
