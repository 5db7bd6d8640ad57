import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { CodeMessage, Provider, SendResult } from '../src/core/delivery/ports.ts'

const CODE = '049281'
const SPOKEN = [...CODE].join(' ')

/** The message of all contract tests. */
export const MESSAGE: CodeMessage = Object.freeze({
  sendId: '0f0e0d0c-0b0a-4908-8706-050403020100',
  channel: 'sms',
  to: '+18009998877',
  code: CODE,
  locale: 'en',
  text: `${CODE} is your Example code. Do not share it with anyone.\n\n@example.com #${CODE}`,
  speech: Object.freeze(['Your Example code is', SPOKEN]),
  speechLocale: 'en-US',
})

/** Maximum time of a provider after the signal, in ms. */
export const GRACE = 100

/** Timeouts for a provider that violates the contract, in ms. */
const PATIENCE = { withoutSignal: 10_000, afterSignal: 1_000 }

/** Throws if `work` takes longer than `ms`. */
const within = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  const done = new AbortController()
  const alarm = setTimeout(ms, undefined, { signal: done.signal }).then(() => assert.fail(`no result after ${ms} ms`))
  try {
    return await Promise.race([work, alarm])
  } finally {
    done.abort()
  }
}

/** Returns the message with a channel of the provider. */
export const messageFor = (provider: Provider, changes: Partial<CodeMessage> = {}): CodeMessage => {
  const channel = provider.channels.includes(MESSAGE.channel) ? MESSAGE.channel : provider.channels[0]
  return { ...MESSAGE, ...(channel && { channel }), ...changes }
}

/** Sends a message with a signal that never aborts. */
export const send = async (provider: Provider, changes: Partial<CodeMessage> = {}): Promise<SendResult> =>
  within(provider.send(messageFor(provider, changes), new AbortController().signal), PATIENCE.withoutSignal)

/** Sends a message, aborts it when `moment` resolves, and measures the time from then to the result in ms. */
export const sendUntil = async (
  provider: Provider,
  moment: () => Promise<unknown>,
): Promise<{ result: SendResult; took: number }> => {
  const controller = new AbortController()
  const sent = provider.send(messageFor(provider), controller.signal)
  // The caller checks a result that arrives before the moment.
  await within(Promise.race([moment(), sent]), PATIENCE.withoutSignal)
  const since = performance.now()
  controller.abort()
  return { result: await within(sent, PATIENCE.afterSignal), took: performance.now() - since }
}

/** Throws if the text contains a secret, the code, the message or the number. */
export const assertDiscreet = (words: string, secrets: readonly string[]): void => {
  const hidden = [CODE, SPOKEN, MESSAGE.to.slice(2), MESSAGE.text.slice(0, 20), 'example.com', ...secrets]
  for (const [at, secret] of hidden.entries()) {
    // The failure message must not reveal the secret.
    assert.ok(
      !words.includes(secret),
      `${at < hidden.length - secrets.length ? 'the message' : 'a secret'} is revealed`,
    )
  }
}

/** Throws if a result does not have the documented form, or reveals the message or a secret. */
export const assertResult = (result: SendResult, secrets: readonly string[]): void => {
  if (result.outcome === 'accepted') {
    const { messageId } = result
    assert.ok(
      messageId === undefined || (typeof messageId === 'string' && messageId.length > 0 && messageId.length <= 100),
      'a message id is a text of 1 to 100 characters',
    )
    return
  }
  assert.ok(['refused', 'failed', 'unknown'].includes(result.outcome), 'an outcome is one of the four')
  assert.ok(
    typeof result.reason === 'string' && result.reason.length > 0 && result.reason.length <= 100,
    'a reason is a text of 1 to 100 characters',
  )
  if (result.outcome === 'failed' && result.retryAfter !== undefined) {
    assert.ok(Number.isInteger(result.retryAfter) && result.retryAfter >= 0, 'retryAfter is in whole seconds')
  }
  assertDiscreet(inspect(result, { depth: 9 }), secrets)
}

/** Runs `work` and returns all console output, which is still shown. */
export const overhear = async (work: () => Promise<void>): Promise<string> => {
  const heard: string[] = []
  const restore: (() => void)[] = []
  const listen = <T extends object, K extends keyof T>(owner: T, name: K) => {
    const original = owner[name]
    if (typeof original !== 'function') return
    const listener = (...words: unknown[]) => {
      heard.push(words.map((word) => (typeof word === 'string' ? word : inspect(word, { depth: 9 }))).join(' '))
      return original.apply(owner, words)
    }
    owner[name] = listener as T[K]
    restore.push(() => {
      owner[name] = original
    })
  }
  for (const name of ['debug', 'log', 'info', 'warn', 'error', 'trace', 'dir'] as const) listen(console, name)
  for (const stream of [process.stdout, process.stderr]) listen(stream, 'write')
  try {
    await work()
  } finally {
    for (const undo of restore) undo()
  }
  return heard.join('\n')
}
