import type { Page } from 'playwright-core'
import t from 'tap'
import { wrongCode } from '../support/app.ts'
import { axeFindings, browserTests } from '../support/browser.ts'
import { controlsOf, createDemoWorld, type DemoWorld, enterCode, signIn } from '../support/demo-world.ts'

/** Walks through the pages and stops in each of their states. */
async function* statesOf(page: Page, world: DemoWorld): AsyncGenerator<string> {
  const { username, heading, message, latest } = controlsOf(page)
  await page.getByText('No messages yet').waitFor()
  await username.waitFor()
  yield 'before a login'
  await signIn(page, 'not the password')
  await message.getByText('wrong').waitFor()
  yield 'after a wrong password'
  await signIn(page)
  await heading('Enter the code').waitFor()
  await latest.waitFor()
  yield 'before a code'
  await enterCode(page, wrongCode(world.lastCode()))
  await message.getByText('Attempts left').waitFor()
  yield 'after a wrong code'
  await enterCode(page, world.lastCode())
  await page.getByText('You are signed in as alice').waitFor()
  yield 'after a login'
}

await browserTests(t, (openPage) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    t.test(`passes axe in every state with the ${colorScheme} theme`, async (t) => {
      const world = await createDemoWorld(t)
      const page = await openPage(t, world.address, { colorScheme, reducedMotion: 'reduce' })
      const pages = new Set<string>()
      for await (const state of statesOf(page, world)) {
        t.strictSame(await axeFindings(page), [], state)
        pages.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
      }
      t.equal(pages.size, 1)
      t.match([...pages], colorScheme === 'light' ? [/rgb\(2\d\d,/] : [/rgb\(\d\d,/])
    })
  }

  t.test('fits into 320 px, the width that remains at a zoom of 400 %', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address, { viewport: { width: 320, height: 256 } })
    for await (const state of statesOf(page, world)) {
      t.equal(await page.evaluate('document.scrollingElement.scrollWidth'), 320, state)
    }
  })

  t.test('titles each view, and moves the focus to where the user continues', async (t) => {
    const world = await createDemoWorld(t)
    const page = await openPage(t, world.address)
    const expected: Record<string, [string, string]> = {
      'before a login': ['Sign in · Doorcode', 'username'],
      'after a wrong password': ['Sign in · Doorcode', 'password'],
      'before a code': ['Enter the code · Doorcode', 'code'],
      'after a wrong code': ['Enter the code · Doorcode', 'code'],
      'after a login': ['Welcome · Doorcode', 'welcome'],
    }
    for await (const state of statesOf(page, world)) {
      t.strictSame([await page.title(), await page.evaluate('document.activeElement.id')], expected[state], state)
    }
  })

  t.test('shows no animation to users who prefer reduced motion', async (t) => {
    const world = await createDemoWorld(t)
    for (const reducedMotion of ['reduce', 'no-preference'] as const) {
      await world.passTime(3_600)
      const page = await openPage(t, world.address, { reducedMotion })
      const { heading, latest } = await signIn(page)
      await heading('Enter the code').waitFor()
      await latest.waitFor()
      const animation = await page.evaluate(
        `getComputedStyle(document.querySelector('.bubble:last-child')).animationName`,
      )
      t.equal(animation, reducedMotion === 'reduce' ? 'none' : 'arrive')
    }
  })
})
