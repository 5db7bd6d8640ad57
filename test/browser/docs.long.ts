import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { PROBLEM_CODES, PROBLEMS } from '../../src/errors.ts'
import { PROBLEM_TEXTS } from '../../src/routes/problems/texts.ts'
import { PASSWORD, wrongCode } from '../support/app.ts'
import { browserTests, type OpenPage } from '../support/browser.ts'
import { createDemoWorld } from '../support/demo-world.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Returns the controls of one operation on the page. */
const operationOn = (page: Page, operationId: string) => {
  const block = page.locator(`[id^="operations-"][id$="-${operationId}"]`)
  const body = block.locator('.body-param textarea')
  return {
    open: () => block.locator('.opblock-summary-control').click(),
    samples: block.getByRole('region', { name: 'Code samples' }),
    links: block.getByRole('link'),
    duration: block.getByText(/^Request duration/),
    /** Returns the body in the editor. */
    read: async () => JSON.parse(await body.inputValue()),
    /** Changes members of the body. */
    write: async (changes: object) => body.fill(JSON.stringify({ ...JSON.parse(await body.inputValue()), ...changes })),
    /** Sends the request and resolves to the response that the page shows. */
    async execute() {
      const answered = page.waitForResponse((response) => !response.url().includes('/docs'))
      await block.getByRole('button', { name: 'Execute' }).click()
      const response = await answered
      const text = await response.text()
      await block.locator('.live-responses-table .response-col_status', { hasText: `${response.status()}` }).waitFor()
      return { status: response.status(), body: text ? JSON.parse(text) : undefined }
    },
  }
}

const openDocs = async (t: Test, openPage: OpenPage) => {
  const world = await createDemoWorld(t, { resendCooldown: 0 })
  const page = await openPage(t, world.address)
  await page.goto(`${world.address}/docs/`)
  const operation = async (operationId: string) => {
    const found = operationOn(page, operationId)
    await found.open()
    return found
  }
  return { world, page, operation }
}

await browserTests(t, (openPage) => {
  t.test('runs both login steps on the page without a token copied by hand', async (t) => {
    const { world, page, operation } = await openDocs(t, openPage)
    const login = await operation('login')
    t.strictSame(Object.keys(await login.read()), ['username', 'password'])
    await login.write({ username: 'alice', password: PASSWORD })
    const { status, body: challenge } = await login.execute()
    t.equal(status, 200)
    await login.duration.waitFor()

    const look = await operation('getChallenge')
    t.equal((await look.execute()).body.state, 'waiting', 'the header contains the pending token')

    const verify = await operation('verify')
    t.equal((await verify.read()).pending_token, challenge.pending_token, 'the body contains it too')
    await verify.write({ code: wrongCode(world.lastCode()) })
    t.equal((await verify.execute()).body.code, 'invalid_code')

    const resend = await operation('resend')
    t.equal((await resend.execute()).status, 200)
    await verify.write({ code: world.lastCode() })
    const granted = await verify.execute()
    t.equal(granted.body.token_type, 'Bearer')

    const me = await operation('getMe')
    t.equal((await me.execute()).body.username, 'alice', 'the header contains the access token')
    const refresh = await operation('refresh')
    t.equal((await refresh.read()).refresh_token, granted.body.refresh_token)
    const renewed = await refresh.execute()
    t.equal(renewed.status, 200)

    await page.reload()
    t.equal((await (await operation('getMe')).execute()).status, 200, 'the tokens survive a reload')
    const logout = await operation('logout')
    await logout.write({ refresh_token: renewed.body.refresh_token })
    t.equal((await logout.execute()).status, 204)
  })

  t.test('keeps the user’s input when a token arrives', async (t) => {
    const { world, operation } = await openDocs(t, openPage)
    const verify = await operation('verify')
    await verify.write({ remember_device: true, device_name: 'Mine' })
    const login = await operation('login')
    await login.write({ username: 'alice', password: PASSWORD })
    const { body } = await login.execute()
    await verify.write({ code: world.lastCode() })
    t.strictSame(await verify.read(), {
      pending_token: body.pending_token,
      code: world.lastCode(),
      remember_device: true,
      device_name: 'Mine',
    })
    t.type((await verify.execute()).body.device_token, 'string')
  })

  t.test('shows samples in the language chosen last', async (t) => {
    const { operation } = await openDocs(t, openPage)
    const login = await operation('login')
    await login.samples.getByText("curl '").waitFor()
    for (const [language, text] of [
      ['JavaScript', 'await fetch('],
      ['Swift', 'import Foundation'],
      ['Kotlin', 'import java.net.URI'],
      ['Python', 'import json'],
    ] as const) {
      await login.samples.getByRole('button', { name: language }).click()
      await login.samples.getByText(text).waitFor()
    }
    const verify = await operation('verify')
    await verify.samples.getByText('import json').waitFor()
    t.equal(await verify.samples.getByRole('button', { pressed: true }).innerText(), 'Python')
  })

  t.test('links each problem of an operation to its page, which passes axe', async (t) => {
    const { world, page, operation } = await openDocs(t, openPage)
    const verify = await operation('verify')
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      verify.links.filter({ hasText: PROBLEMS.invalid_code.title }).click(),
    ])
    t.match(opened.url(), /\/problems\/invalid_code$/)
    await opened.close()
    await page.setViewportSize({ width: 320, height: 640 })
    for (const code of PROBLEM_CODES) {
      await page.goto(`${world.address}/problems/${code}`)
      await page.getByText(PROBLEM_TEXTS[code].user).waitFor()
      t.notOk(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), 'the page does not overflow')
    }
    await page.evaluate(AXE)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const { violations } = await page.evaluate<{ violations: unknown[] }>('axe.run()')
      t.strictSame(violations, [])
    }
    await page.getByRole('link').click()
    await page.getByRole('heading', { name: 'Doorcode' }).waitFor()
  })
})
