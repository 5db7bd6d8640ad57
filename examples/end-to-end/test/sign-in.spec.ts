import type { Page } from '@playwright/test'
import type { Doorcode } from 'doorcode/testing'
import { expect, test } from './doorcode.ts'

const signIn = async (
  page: Page,
  { url }: Doorcode,
  { username, password }: { username: string; password: string },
) => {
  await page.goto(`${url}/demo/`)
  await page.getByLabel('User name').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Enter the code' })).toBeVisible()
}

/** Fills in the code at once, as the keyboard of a phone does. The page then submits it. */
const enter = (page: Page, code: string) => page.getByLabel('Code', { exact: true }).fill(code)

test('a user signs in with a password and a code, and signs out', async ({ page, doorcode }) => {
  const alice = await doorcode.user()
  await signIn(page, doorcode, alice)
  await expect(page.getByText(`your number ending in ${alice.phone.slice(-2)}`)).toBeVisible()
  await enter(page, (await doorcode.waitForCode(alice.phone)).code)
  await expect(page.getByText(`You are signed in as ${alice.username}`)).toBeVisible()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
})

test('a wrong code can be corrected', async ({ page, doorcode }) => {
  const bob = await doorcode.user()
  await signIn(page, doorcode, bob)
  const { code } = await doorcode.waitForCode(bob.phone)
  await enter(page, code === '000000' ? '000001' : '000000')
  await expect(page.getByRole('alert')).toContainText('Attempts left: 4')
  await enter(page, code)
  await expect(page.getByRole('heading', { name: 'Welcome' })).toBeVisible()
})

test('an expired code leads back to the password', async ({ page, doorcode }) => {
  const carol = await doorcode.user()
  await signIn(page, doorcode, carol)
  const { code } = await doorcode.waitForCode(carol.phone)
  await doorcode.clock.advance({ minutes: 6 })
  await enter(page, code)
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await expect(page.getByRole('alert')).toBeVisible()
})

test('a new code replaces the former one', async ({ page, doorcode }) => {
  const dave = await doorcode.user()
  await signIn(page, doorcode, dave)
  const former = await doorcode.waitForCode(dave.phone)
  await page.getByRole('button', { name: 'Send a new code' }).click()
  const { code } = await doorcode.waitForCode(dave.phone)
  expect(code).not.toBe(former.code)
  await enter(page, code)
  await expect(page.getByRole('heading', { name: 'Welcome' })).toBeVisible()
})
