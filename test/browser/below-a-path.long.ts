import t from 'tap'
import { PASSWORD } from '../support/app.ts'
import { browserTests } from '../support/browser.ts'
import { createDemoWorld, logIn } from '../support/demo-world.ts'
import { startPathProxy } from '../support/path-proxy.ts'

await browserTests(t, (openPage) => {
  t.test('runs the demo and the pages of the operations in a browser below a path', async (t) => {
    const world = await createDemoWorld(t, { resendCooldown: 0 })
    const address = await startPathProxy(t, world.address)
    // The fixture watches one origin, so the demo is opened here.
    const page = await openPage(t, new URL(address).origin, { expected: /410/ })
    await page.goto(`${address}/demo`)
    await logIn(page, world)
    await page.goto(`${address}/docs`)
    const login = page.locator('[id$="-login"]')
    await login.locator('.opblock-summary-control').click()
    const example = JSON.stringify({ username: 'alice', password: PASSWORD })
    await login.locator('.body-param textarea').fill(example)
    const answered = page.waitForResponse((response) => response.url() === `${address}/login`)
    await login.getByRole('button', { name: 'Execute' }).click()
    t.equal((await answered).status(), 200)
  })
})
