import t from 'tap'
import { GUARD_RULES } from '../../src/core/guard/rules.ts'
import { createProofOfWork } from '../../src/guard/human-checks/proof-of-work.ts'
import { ADDRESS_LIMITS } from '../../src/http/rate-limit.ts'
import { wrongCode } from '../support/app.ts'
import { browserTests } from '../support/browser.ts'
import { controlsOf, createDemoWorld, enterCode, logIn, signIn } from '../support/demo-world.ts'

/** The browser's message for a refused connection. */
const CONNECTION_REFUSED = /^Failed to load resource: net::ERR_CONNECTION_REFUSED/

await browserTests(t, (openPage) => {
  t.test('reports a wrong name or password at the field, without stating which one is wrong', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { message, password } = await signIn(page, 'not the password')
    await message.getByText('The user name or the password is wrong.').waitFor()
    t.equal(await password.getAttribute('aria-invalid'), 'true')
    await page.locator('#password:focus').waitFor()
    t.equal(world.messages.length, 0)
  })

  t.test('ends the challenge after five wrong codes, and keeps the user name for the next sign-in', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { heading, message, username } = await signIn(page)
    await heading('Enter the code').waitFor()
    for (const left of [4, 3, 2, 1]) {
      await enterCode(page, wrongCode(world.lastCode(), left))
      await message.getByText(`Attempts left: ${left}.`).waitFor()
    }
    await enterCode(page, wrongCode(world.lastCode(), 5))
    await heading('Sign in').waitFor()
    await message.getByText('This code is no longer valid. Sign in again for a new one.').waitFor()
    t.equal(await username.inputValue(), 'alice')
    await page.locator('#password:focus').waitFor()
  })

  t.test('returns to the start when the challenge expires, by its own clock or by the response', async (t) => {
    const world = await createDemoWorld(t, { resendCooldown: 0 })
    const page = await openPage(t, world.address)
    await page.clock.install()
    const { heading, message } = await signIn(page)
    await page.getByText(/Valid for (?:5:00|4:5\d)\./).waitFor()
    await page.clock.fastForward('05:01')
    await heading('Sign in').waitFor()
    await message.getByText('This code is no longer valid.').waitFor()

    await signIn(page)
    await heading('Enter the code').waitFor()
    await world.passTime(301)
    await enterCode(page, world.lastCode())
    await heading('Sign in').waitFor()
    await message.getByText('This code is no longer valid.').waitFor()
  })

  t.test('offers another code after the countdown, and accepts only that one', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    await page.clock.install()
    const { heading, message, resend, code } = await signIn(page)
    await page.getByRole('button', { name: /^Send a new code \(0:\d\d\)$/, disabled: true }).waitFor()
    const first = world.lastCode()
    await world.passTimeFor(page, 31)
    await page.getByRole('button', { name: 'Send a new code', exact: true, disabled: false }).click()
    await message.getByText('We sent a new code. The previous code is no longer valid.').waitFor()
    t.ok(await resend.isDisabled(), 'the button is disabled again')
    t.equal(world.messages.length, 2)
    await page.locator('#code:focus').waitFor()
    if (first !== world.lastCode()) {
      await enterCode(page, first)
      await message.getByText('Attempts left: 4.').waitFor()
    }
    await code.fill('')
    await enterCode(page, world.lastCode())
    await heading('Welcome').waitFor()
  })

  t.test('reads the code aloud in a call', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    await page.clock.install()
    const { heading, call, latest } = await signIn(page)
    await heading('Enter the code').waitFor()
    await world.passTimeFor(page, 31)
    await call.click()
    await page.getByText('We are calling your number ending in 43.').waitFor()
    await page.clock.runFor(2_000)
    await latest.getByText('Call to +12025550143').waitFor()
    const spoken = /(?:\d, ){5}\d/.exec(await latest.locator('.words').innerText())?.[0].replaceAll(', ', '')
    t.equal(spoken, world.lastCode())
    await enterCode(page, spoken!)
    await heading('Welcome').waitFor()
  })

  t.test('hides the call button after the service has refused a call', async (t) => {
    const world = await createDemoWorld(t, { provider: { name: 'test', send: async () => ({ outcome: 'accepted' }) } })
    const page = await openPage(t, world.address, { expected: /status of 400/ })
    await page.clock.install()
    const { heading, call, message } = await signIn(page)
    await heading('Enter the code').waitFor()
    await world.passTimeFor(page, 31)
    await call.click()
    await message.getByText('This service cannot do that.').waitFor()
    t.ok(await call.isHidden())
  })

  t.test('reports an undelivered message, and offers another one at once', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    await page.clock.install()
    const { heading, resend } = await signIn(page)
    await heading('Enter the code').waitFor()
    const { sendId } = world.messages.at(-1)!
    // The ledger writes its entry while the response is on its way.
    while (!(await world.ledger.receive('outbox', { sendId, status: 'undelivered' }))) await world.passTime(0)
    await page.clock.fastForward(5_000)
    await page.getByText('It could not be delivered: request a new code.').waitFor()
    await resend.click()
    await page.getByText('We sent a new code.').waitFor()
  })

  t.test('shows the wait after too many attempts, and counts down on the button', async (t) => {
    const world = await createDemoWorld(t, { app: { http: { rateLimit: true } } })
    const page = await openPage(t, world.address)
    await page.clock.install()
    for (let nth = 0; nth < ADDRESS_LIMITS.login; nth += 1) await fetch(`${world.address}/login`, { method: 'POST' })
    const { message, signIn: button } = await signIn(page)
    await message.getByText(/Too many attempts\. Try again in \d+ seconds\./).waitFor()
    await page.getByRole('button', { name: /^Sign in \([01]:\d\d\)$/, disabled: true }).waitFor()
    await page.clock.fastForward('01:01')
    await page.getByRole('button', { name: 'Sign in', exact: true, disabled: false }).waitFor()
    t.ok(await button.isEnabled())
  })

  t.test('solves the human check without a question to the user', async (t) => {
    const used = new Set<string>()
    const nonces = { use: async (nonce: string) => used.size < used.add(nonce).size }
    const humanCheck = createProofOfWork({ key: Buffer.alloc(32, 3), nonces, now: Date.now, bits: 10 })
    const guard = {
      budgets: { '*': { messages: 100, cost: null } },
      budget: { soft: 0, reserve: GUARD_RULES.budget.reserve },
    }
    const world = await createDemoWorld(t, { guard, app: { guard: { humanCheck } } })
    const page = await openPage(t, world.address)
    const { heading } = await signIn(page)
    await heading('Enter the code').waitFor()
    t.equal(used.size, 1)
  })

  t.test('shows the cooldown when a new login requests a code too soon, and sends none', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { heading, otherAccount, message } = await signIn(page)
    await heading('Enter the code').waitFor()
    await otherAccount.click()
    await signIn(page)
    await message.getByText(/A code was sent a moment ago\. You can request another one in \d+ seconds\./).waitFor()
    t.equal(world.messages.length, 1)
  })

  t.test('reports an unreachable server, and works again when it is back', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address, { expected: CONNECTION_REFUSED })
    const { username } = controlsOf(page)
    await username.waitFor()
    const startAgain = await world.stopServer()
    const { message, heading } = await signIn(page)
    await message.getByText('The service cannot be reached. Check your connection and try again.').waitFor()
    await startAgain()
    await signIn(page)
    await heading('Enter the code').waitFor()
  })

  t.test('returns to the start after the session was revoked elsewhere', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { heading, refresh, message } = await logIn(page, world)
    await world.sql('update sessions set revoked_at = now()')
    await refresh.click()
    await heading('Sign in').waitFor()
    await message.getByText('Your session has ended. Sign in again.').waitFor()
  })
})
