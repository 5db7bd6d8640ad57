import { cleanup, configure, fireEvent, render, screen } from '@testing-library/react-native/pure'
import { startDoorcode } from 'doorcode/testing'
import { App } from '../src/app'
import { createSession } from '../src/session'

// Stand-ins for parts of a phone that Jest lacks.
const mockKept = new Map<string, string>()
jest.mock('react-native-keychain', () => ({
  ACCESSIBLE: {},
  getGenericPassword: async ({ service }: { service: string }) =>
    mockKept.has(service) && { username: 'tokens', password: mockKept.get(service) },
  setGenericPassword: async (_user: string, password: string, { service }: { service: string }) =>
    mockKept.set(service, password),
}))
jest.mock('react-native-get-random-values', () => ({}))

// Screens change when the service responds, so `act` cannot wrap every change.
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false })

// The first screen takes long to render.
configure({ asyncUtilTimeout: 10_000 })

let api: Awaited<ReturnType<typeof startDoorcode>>

beforeAll(async () => {
  api = await startDoorcode()
}, 60_000)
afterAll(() => api?.stop())
beforeEach(() => mockKept.clear())
afterEach(cleanup)

const openApp = () => render(<App client={createSession({ url: api.url })} />)

const signIn = async (username: string, password: string) => {
  await fireEvent.changeText(await screen.findByLabelText('User name'), username)
  await fireEvent.changeText(screen.getByLabelText('Password'), password)
  await fireEvent.press(screen.getByRole('button', { name: 'Sign in' }))
}

test('a user signs in, and stays signed in when the app is opened again', async () => {
  const alice = await api.user()
  await openApp()
  await signIn(alice.username, alice.password)
  await screen.findByText(`It was sent to ********${alice.phone.slice(-2)}.`)
  await fireEvent.changeText(screen.getByLabelText('Code'), (await api.waitForCode(alice.phone)).code)
  await screen.findByText(`Welcome, ${alice.username}`)

  await cleanup()
  await openApp()
  await screen.findByText(`Welcome, ${alice.username}`)
})

test('shows a wrong code and empties the field', async () => {
  const bob = await api.user()
  await openApp()
  await signIn(bob.username, bob.password)
  const field = await screen.findByLabelText('Code')
  const { code } = await api.waitForCode(bob.phone)
  await fireEvent.changeText(field, code === '000000' ? '000001' : '000000')
  await screen.findByText('That is not the code. 4 attempts are left.')
  expect(screen.getByLabelText('Code').props['value']).toBe('')
})

test('calls a user who gets no text message', async () => {
  const carol = await api.user()
  await openApp()
  await signIn(carol.username, carol.password)
  await screen.findByText('Send another code', {}, { timeout: 5_000 })
  await fireEvent.press(screen.getByRole('button', { name: 'Call me instead' }))
  await screen.findByText('You are being called.')
  const call = await api.waitForCode(carol.phone)
  expect(call.channel).toBe('voice')
  await fireEvent.changeText(screen.getByLabelText('Code'), call.code)
  await screen.findByText(`Welcome, ${carol.username}`)
})

test('an ended session leads back to the password', async () => {
  const dave = await api.user()
  await openApp()
  await signIn(dave.username, dave.password)
  const field = await screen.findByLabelText('Code')
  await fireEvent.changeText(field, (await api.waitForCode(dave.phone)).code)
  await screen.findByText(`Welcome, ${dave.username}`)
  await api.clock.advance({ hours: 25 })
  await cleanup()
  await openApp()
  await screen.findByLabelText('Password')
})
