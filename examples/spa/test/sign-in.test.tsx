import { cleanup, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { createClient } from 'doorcode/client'
import { startDoorcode } from 'doorcode/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { App } from '../src/app.tsx'

let api: Awaited<ReturnType<typeof startDoorcode>>

beforeAll(async () => {
  // The page has another origin than the service. Without this, the browser blocks its responses.
  api = await startDoorcode({ settings: { CORS_ORIGINS: location.origin } })
}, 60_000)
afterAll(() => api?.stop())
afterEach(cleanup)

const signIn = async (username: string, password: string) => {
  render(<App client={createClient({ url: api.url })} />)
  await userEvent.type(screen.getByLabelText('User name'), username)
  await userEvent.type(screen.getByLabelText('Password'), password)
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
}
const enter = async (code: string) => {
  await userEvent.clear(screen.getByLabelText('Code'))
  await userEvent.type(screen.getByLabelText('Code'), code)
  await userEvent.click(screen.getByRole('button', { name: 'Confirm' }))
}

test('a user signs in with a password and a code, and signs out', async () => {
  const alice = await api.user()
  await signIn(alice.username, alice.password)
  await screen.findByText(`It was sent to ********${alice.phone.slice(-2)}.`)
  await enter((await api.waitForCode(alice.phone)).code)
  await screen.findByRole('heading', { name: `Welcome, ${alice.username}` })
  await userEvent.click(screen.getByRole('button', { name: 'Sign out' }))
  await screen.findByText('You are signed out.')
})

test('shows a wrong password and a wrong code', async () => {
  const bob = await api.user()
  await signIn(bob.username, 'not the password')
  await screen.findByText('The user name or the password is wrong.')
  cleanup()
  await signIn(bob.username, bob.password)
  const { code } = await api.waitForCode(bob.phone)
  await screen.findByLabelText('Code')
  await enter(code === '000000' ? '000001' : '000000')
  await screen.findByText('That is not the code. 4 attempts are left.')
})

test('a new code replaces the former one', async () => {
  const carol = await api.user()
  await signIn(carol.username, carol.password)
  const former = await api.waitForCode(carol.phone)
  await userEvent.click(await screen.findByRole('button', { name: 'Send another code' }, { timeout: 5_000 }))
  const { code } = await api.waitForCode(carol.phone)
  expect(code).not.toBe(former.code)
  await screen.findByText(/no longer valid/)
  await enter(code)
  await screen.findByRole('heading', { name: `Welcome, ${carol.username}` })
})

test('a code that is too old leads back to the password', async () => {
  const dave = await api.user()
  await signIn(dave.username, dave.password)
  const { code } = await api.waitForCode(dave.phone)
  await screen.findByLabelText('Code')
  await api.clock.advance({ minutes: 6 })
  await enter(code)
  await screen.findByText('The code is no longer valid. Please sign in again.')
})
