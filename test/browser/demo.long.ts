import { randomBytes } from 'node:crypto'
import t from 'tap'
import { PASSWORD, wrongCode } from '../support/app.ts'
import { browserTests } from '../support/browser.ts'
import { createDemoWorld, enterCode, logIn, signIn } from '../support/demo-world.ts'
import { hotp, tokenFactor } from '../support/factors/token/index.ts'

await browserTests(t, (openPage) => {
  t.test('signs a user in with a password and the code on the phone', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    t.equal(await page.title(), 'Sign in · Doorcode')
    await page.getByText('No messages yet').waitFor()
    const { heading, code, latest } = await signIn(page)
    await heading('Enter the code').waitFor()
    t.equal(await page.title(), 'Enter the code · Doorcode')
    await page.getByText('We sent a text message to your number ending in 43.').waitFor()
    await latest.getByText('Text message to +12025550143').waitFor()
    const shown = /\d{6}/.exec(await latest.locator('.words').innerText())?.[0]
    t.equal(shown, world.lastCode())
    t.equal(await code.getAttribute('autocomplete'), 'one-time-code')
    t.equal(await code.getAttribute('inputmode'), 'numeric')
    await enterCode(page, shown!)
    await heading('Welcome').waitFor()
    await page.getByText('You are signed in as alice, with the number ending in 43.').waitFor()
    await page.getByText(/It is valid for (?:10:00|9:5\d)\./).waitFor()
    t.same(await page.getByRole('listitem').allInnerTexts(), ['Demo page'])
  })

  t.test('fills in the demo user with one button', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    await page.getByRole('button', { name: 'Fill in' }).click()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Enter the code' }).waitFor()
  })

  t.test('extracts the code when the whole message is pasted', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address, { permissions: ['clipboard-read', 'clipboard-write'] })
    const { heading, code, latest } = await signIn(page)
    await latest.getByRole('button', { name: 'Copy' }).click()
    await latest.getByText('Copied').waitFor()
    await code.focus()
    await page.keyboard.press('Control+V')
    await heading('Welcome').waitFor()
  })

  t.test('finds the code in a message among other digits', async (t) => {
    const page = await openPage(t, (await createDemoWorld(t)).address)
    for (const [text, length, code] of [
      ['123456 is your Example code.\n\n@example.com #123456', 6, '123456'],
      ['Call +1 202 555 0143 or 99 12 34. Code: 246810\n@example.com #135790', 6, '135790'],
      ['Ihr Code: 123 456. Gültig bis 12:30', 6, '123456'],
      ['Your code is 12-34-56.', 6, '123456'],
      ['Code 12345678, not 123456', 8, '12345678'],
      ['+12025550143', 6, undefined],
      ['1234567', 6, undefined],
      ['12345', 6, undefined],
      ['', 6, undefined],
    ] as const) {
      const found = page.evaluate(
        `import('./one-time-code.ts').then(({ codeIn }) => codeIn(${JSON.stringify(text)}, ${length}))`,
      )
      t.equal(await found, code, text)
    }
  })

  t.test(
    'takes the code from the browser’s WebOTP API, and aborts the request when it is no longer needed',
    async (t) => {
      const world = await createDemoWorld(t)
      const page = await openPage(t, world.address)
      await page.addInitScript(`
      self.OTPCredential = class {}
      navigator.credentials.get = ({ otp, signal }) => new Promise((resolve, reject) => {
        self.asked = otp.transport
        document.body.dataset.otp = 'asked'
        self.arrive = (code) => resolve({ code })
        signal.addEventListener('abort', () => { document.body.dataset.otp = 'ended'; reject(signal.reason) })
      })`)
      await page.reload()
      const { heading, otherAccount } = await signIn(page)
      await page.locator('[data-otp=asked]').waitFor()
      t.same(await page.evaluate('self.asked'), ['sms'])
      await otherAccount.click()
      await page.locator('[data-otp=ended]').waitFor()

      await world.passTime(31)
      await signIn(page)
      await heading('Enter the code').waitFor()
      await page.evaluate(`self.arrive('${world.lastCode()}')`)
      await heading('Welcome').waitFor()
    },
  )

  t.test('works with the keyboard alone', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const focused = () => page.evaluate('document.activeElement.id')
    const press = (key: string) => page.keyboard.press(key)
    const onFocus = (id: string) => page.locator(`#${id}:focus`).waitFor()
    await onFocus('username')
    await page.keyboard.type('alice')
    await press('Tab')
    await page.keyboard.type(PASSWORD)
    await press('Enter')
    await onFocus('code')
    await page.keyboard.type(world.lastCode())
    t.equal(await focused(), 'code', 'the code is not sent before Enter')
    await press('Enter')
    await onFocus('welcome')
    await press('Tab')
    t.equal(await focused(), 'refresh')
    await press('Tab')
    t.equal(await focused(), 'sign-out')
    await press('Enter')
    await onFocus('password')
    t.equal(await page.getByRole('alert').innerText(), 'You are signed out.')
  })

  t.test('refreshes an expired access token once for all calls, unnoticed by the user', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    await page.clock.install()
    // A busy button ignores clicks; this delay checks that its final message is true.
    await page.route('**/sessions', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await route.continue()
    })
    const { refresh, message } = await logIn(page, world)
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await refresh.click()
    await message.getByText('up to date').waitFor()
    t.notOk(asked.includes('/refresh'))

    await page.clock.fastForward('11:00')
    await page.getByText('It is valid for 0:00.').waitFor()
    await refresh.click()
    await page.getByText(/It is valid for (?:10:00|9:5\d)\./).waitFor()
    t.equal(asked.filter((path) => path === '/refresh').length, 1)
    t.ok(asked.filter((path) => path === '/me').length > 1)
  })

  t.test('revokes the session on the server at a sign-out', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { heading, signOut, username, password } = await logIn(page, world)
    await signOut.click()
    await heading('Sign in').waitFor()
    t.equal(await username.inputValue(), 'alice')
    t.equal(await password.inputValue(), '')
    t.match(await world.sql('select count(*)::int as open from sessions where revoked_at is null'), [{ open: 0 }])
  })

  t.test('forgets the tokens at a reload, and asks for the password again', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { heading } = await logIn(page, world)
    const kept = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'
    t.equal(await page.evaluate(kept), '[{},{},""]')
    await page.reload()
    await heading('Sign in').waitFor()
  })

  t.test('needs no code on a remembered device', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { heading, signOut } = await signIn(page)
    await page.getByLabel('Remember this device').check()
    await enterCode(page, world.lastCode())
    await signOut.click()
    await signIn(page)
    await heading('Welcome').waitFor()
    t.equal(world.messages.length, 1)
  })

  t.test('asks for an authenticator code, without resend and call buttons, if the factor sends nothing', async (t) => {
    const secret = randomBytes(20)
    const world = await createDemoWorld(t, { factors: (ours) => [tokenFactor, ...ours] })
    await world.sql(`update factors set factor = 'token', phone = null, secret = $1`, [secret])
    const page = await openPage(t, world.address)
    const { heading, resend, call } = await signIn(page)
    await heading('Enter the code').waitFor()
    await page.getByText('Enter the code that your authenticator shows.').waitFor()
    t.ok((await resend.isHidden()) && (await call.isHidden()))
    await enterCode(page, hotp(secret, 0))
    await heading('Welcome').waitFor()
    await page.getByText('You are signed in as alice.').waitFor()
  })

  t.test('accepts a code in the digits of any script', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { heading } = await signIn(page)
    await heading('Enter the code').waitFor()
    const code = world.lastCode().replaceAll(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)))
    await enterCode(page, `${code.slice(0, 3)} ${code.slice(3)}`)
    await heading('Welcome').waitFor()
  })

  t.test('keeps the user in place after a wrong code', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const { heading, code } = await signIn(page)
    await heading('Enter the code').waitFor()
    await enterCode(page, wrongCode(world.lastCode()))
    await page.getByText('The code is wrong. Attempts left: 4.').waitFor()
    t.equal(await code.getAttribute('aria-invalid'), 'true')
    t.match(await code.getAttribute('aria-describedby'), /\bmessage\b/)
    await page.keyboard.type(world.lastCode())
    await page.keyboard.press('Enter')
    await heading('Welcome').waitFor()
  })
})
