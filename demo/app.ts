/** A login without cookies: sign in, enter the code, welcome. The tokens are in the page's memory; a reload deletes them. */
import { createClient, type DataOf, type Problem } from 'doorcode/client'
import { withHumanCheck } from './human-check.ts'
import { codeFromMessage, codeIn } from './one-time-code.ts'
import { deliveryWords, wordsFor } from './words.ts'

type OpenChallenge = Extract<DataOf<'login'>, { pending_token: string }>
const client = createClient({ url: new URL('..', location.href).href, onSessionEnd: (problem) => showSignIn(problem) })
const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
const username = element<HTMLInputElement>('username')
const password = element<HTMLInputElement>('password')
const code = element<HTMLInputElement>('code')
/** The open challenge. */
let challenge: OpenChallenge
/** Aborts when the view changes, which stops everything that waits for a message. */
let view = new AbortController()
/** The countdowns by the ids of their elements. */
const clocks = new Map<string, () => void>()
setInterval(() => [...clocks.values()].map((tick) => tick()), 1000)
const say = (text: string, kind = 'note') => Object.assign(element('message'), { textContent: text, className: kind })

const show = (id: string, focus = element(id)) => {
  view.abort()
  view = new AbortController()
  clocks.delete('valid')
  for (const section of document.querySelectorAll<HTMLElement>('[data-title]')) section.hidden = section.id !== id
  document.title = `${element(id).dataset['title']} · Doorcode`
  focus.focus()
}

/** Runs a handler for a form or a button. Ignores further events until the handler is done. */
const on = (id: string, event: 'click' | 'submit', run: () => unknown) =>
  element(id).addEventListener(event, async (happened) => {
    happened.preventDefault()
    if (element(id).ariaBusy === 'true') return
    element(id).ariaBusy = 'true'
    for (const field of [username, password, code]) field.ariaInvalid = 'false'
    say('')
    await run()
    element(id).ariaBusy = 'false'
  })

/** Shows the remaining time in an element. A button is disabled until the time is over. */
const countDown = (id: string, seconds: number, atEnd = () => {}) => {
  const where = element<HTMLButtonElement>(id)
  const label = where.dataset['label'] ?? where.textContent
  where.dataset['label'] = label
  const end = Date.now() + seconds * 1000
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000))
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
    where.textContent = label && left ? `${label} (${time})` : label || time
    where.disabled = left > 0
    if (left === 0) clocks.delete(id) && atEnd()
  }
  clocks.set(id, tick)
  tick()
}
/** Shows a problem beside the field to correct. If the challenge has ended, returns to the sign-in form. */
const fail = (problem: Problem, buttonId: string, field?: HTMLInputElement) => {
  if (element(buttonId).closest('[data-title][hidden]')) return
  const ends = ['challenge_invalid', 'invalid_token', 'factor_locked', 'factor_disabled']
  if (field === code && ends.includes(problem.code)) return showSignIn(problem)
  if ('attempts_left' in problem && problem.attempts_left === 0) return showSignIn({ code: 'challenge_invalid' })
  say(wordsFor(problem), 'problem')
  if ('retry_after' in problem && problem.retry_after) countDown(buttonId, problem.retry_after)
  if (field && problem.status === 401) field.ariaInvalid = 'true'
  field?.focus()
  field?.select()
}
const showSignIn = (problem?: Parameters<typeof wordsFor>[0]) => {
  password.value = ''
  show('sign-in', username.value ? password : username)
  if (problem) say(wordsFor(problem), 'problem')
}
on('sign-in', 'submit', async () => {
  const body = { username: username.value, password: password.value }
  const answer = await withHumanCheck((solution) => client.login({ ...body, ...solution }), say)
  if (!answer.ok) return fail(answer.problem, 'log-in', password)
  return 'pending_token' in answer.data ? showCode(answer.data) : showWelcome()
})
const showCode = (opened: OpenChallenge) => {
  challenge = opened
  code.value = ''
  show('enter-code', code)
  showDelivery(opened.delivery)
  countDown('valid', opened.expires_in, () => showSignIn({ code: 'challenge_invalid' }))
  setTimeout(follow, 5000, view.signal)
  void codeFromMessage(view.signal).then((found) => found && enter(found))
}

const showDelivery = (delivery: OpenChallenge['delivery']) => {
  element('delivery').textContent = deliveryWords(delivery)
  element('resend').hidden = !delivery
  element('call').hidden ||= !delivery
  for (const id of ['resend', 'call']) countDown(id, delivery?.resend_in ?? 0)
}
/** Polls the delivery status of the message. */
const follow = async (signal: AbortSignal) => {
  const answer = await client.challenge(challenge.pending_token)
  if (signal.aborted) return
  if (answer.ok && answer.data.state === 'waiting') showDelivery(answer.data.delivery)
  setTimeout(follow, 5000, signal)
}

const enter = (found: string) => {
  code.value = found
  element<HTMLFormElement>('enter-code').requestSubmit()
}
// Submits a code that was pasted or suggested by the keyboard, even with the whole message. A typed code is not submitted.
code.addEventListener('input', (event) => {
  const { data, inputType = '' } = event as InputEvent
  const found = codeIn(code.value, challenge.code_length ?? 6)
  if (found && data?.length !== 1 && !inputType.startsWith('delete')) enter(found)
})

on('enter-code', 'submit', async () => {
  const { pending_token, code_length = 6 } = challenge
  const digits = code.value.replaceAll(/\P{Nd}/gu, '')
  if ([...digits].length !== code_length) return say(`The code has ${code_length} digits.`, 'problem') && code.focus()
  const remember_device = element<HTMLInputElement>('remember').checked
  const answer = await client.verify({ pending_token, code: digits, remember_device, device_name: 'Demo page' })
  return answer.ok ? showWelcome() : fail(answer.problem, 'verify', code)
})

const sendAnother = async (buttonId: string, channel?: 'voice') => {
  const body = { pending_token: challenge.pending_token, ...(channel && { channel }) }
  const answer = await withHumanCheck((solution) => client.resend({ ...body, ...solution }), say)
  // Not every service has the channel `voice`.
  if (!answer.ok && channel) element(buttonId).hidden = answer.problem.code === 'validation_failed'
  if (!answer.ok) return fail(answer.problem, buttonId, code)
  showCode(answer.data)
  say('We sent a new code. The previous code is no longer valid.')
}
on('resend', 'click', () => sendAnother('resend'))
on('call', 'click', () => sendAnother('call', 'voice'))
on('back', 'click', () => showSignIn())

/** Makes two calls at once. An expired token is renewed once for both. */
const showWelcome = async (done = '') => {
  if (element('welcome').hidden) show('welcome')
  const [me, sessions] = await Promise.all([client.me(), client.sessions()])
  if (!me.ok) return fail(me.problem, 'refresh')
  if (!sessions.ok) return fail(sessions.problem, 'refresh')
  element('user').textContent =
    me.data.username + (me.data.phone ? `, with the number ending in ${me.data.phone.slice(-2)}` : '')
  element('sessions').replaceChildren()
  for (const { name, current } of sessions.data.sessions) {
    element('sessions').append(Object.assign(document.createElement('li'), { textContent: name, ariaCurrent: current }))
  }
  countDown('token', (((await client.tokens()).expires_at ?? 0) - Date.now()) / 1000)
  say(done)
}
on('refresh', 'click', () => showWelcome('This page is up to date.'))
on('sign-out', 'click', async () => {
  await client.logout()
  showSignIn()
  say('You are signed out.')
})

showSignIn()
