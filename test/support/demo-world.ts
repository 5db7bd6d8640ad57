import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { createOutbox, outboxProvider } from '../../src/providers/development/outbox.ts'
import { providers } from '../../src/providers/index.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { createDevelopment } from '../../src/start/development.ts'
import { createWorld, PASSWORD, type TestProvider, type WorldOptions } from './app.ts'

/** A world that serves the demo pages to a browser. */
export type DemoWorld = Awaited<ReturnType<typeof createDemoWorld>>

/** Builds a world with the user alice, the demo pages and the outbox, all with default settings, and listens. */
export const createDemoWorld = async (t: Test, { app, ...options }: WorldOptions = {}) => {
  const outbox = createOutbox(Date.now)
  const provider = outboxProvider.create({}, { keep: outbox.keep } as never) as TestProvider
  const demoUser = { username: 'alice', password: PASSWORD }
  const settings = loadSettings({ env: {}, providers })
  const development = await createDevelopment(settings, { definitions: providers, outbox, demoUser })
  const world = await createWorld(t, { provider, ...options, app: { development, ...app } })
  await world.addUser('alice')
  const address = await world.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = new URL(address) as unknown as AddressInfo

  return {
    ...world,
    address,
    /** Stops the server and returns a function that starts another one in its place. */
    async stopServer() {
      await world.app.close()
      return async () => {
        const next = await world.startInstance()
        await next.app.listen({ host: '127.0.0.1', port: Number(port) })
      }
    },
    /** Advances the page's clock, which must be installed, and the database clock by a number of seconds. */
    async passTimeFor(page: Page, seconds: number) {
      await world.passTime(seconds)
      await page.clock.fastForward(seconds * 1000)
    },
  }
}

/** Returns the controls of the pages by their labels. */
export const controlsOf = (page: Page) => {
  const button = (name: string | RegExp) => page.getByRole('button', { name })
  return {
    heading: (name: string) => page.getByRole('heading', { name, level: 1 }),
    message: page.getByRole('alert'),
    username: page.getByLabel('User name'),
    password: page.getByLabel('Password'),
    code: page.getByLabel('Code', { exact: true }),
    signIn: button(/^Sign in/),
    verify: button(/^Continue/),
    resend: button(/^Send a new code/),
    call: button(/^Call me instead/),
    otherAccount: button('Use another account'),
    refresh: button(/^Refresh/),
    signOut: button('Sign out'),
    /** The latest message on the phone. */
    latest: page.getByRole('log').getByRole('article').last(),
  }
}

/** Takes the first login step, by default as alice, and returns the controls. */
export const signIn = async (page: Page, password = PASSWORD) => {
  const controls = controlsOf(page)
  await controls.username.fill('alice')
  await controls.password.fill(password)
  await controls.signIn.click()
  return controls
}

/** Types a code and submits it. */
export const enterCode = async (page: Page, code: string) => {
  const { code: field, verify } = controlsOf(page)
  await field.click()
  await field.fill('')
  await field.pressSequentially(code)
  await verify.click()
}

/** Takes both login steps as alice, up to the welcome view, and returns the controls. */
export const logIn = async (page: Page, world: Pick<DemoWorld, 'lastCode'>) => {
  const controls = await signIn(page)
  await controls.heading('Enter the code').waitFor()
  await enterCode(page, world.lastCode())
  await page.getByText('You are signed in as alice').waitFor()
  return controls
}
