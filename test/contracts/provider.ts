/** What every delivery company's file must keep, whatever the company does. */
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Test } from 'tap'
import type { SendResult, SmsProvider, TextMessage } from '../../src/core/ports.ts'
import { codeText } from '../../src/factors/sms/text.ts'
import type { KeptMessage, ProviderDefinition } from '../../src/providers/provider.ts'
import {
  COMPANY_RETRY_AFTER,
  type CompanyMode,
  type CompanyVoice,
  type FakeCompany,
  startFakeCompany,
} from '../support/fake-company.ts'

/** How the contract reaches one real company. */
export interface RealProvider {
  definition: ProviderDefinition
  /** Its settings, with the company at `url`. */
  settings: (url: string) => Record<string, unknown>
  /** The values among the settings that nobody may see. */
  secrets: readonly string[]
  voice: CompanyVoice
}

const CODE = '049281'

/** The message that is sent throughout. */
export const MESSAGE: TextMessage = {
  sendId: '0f0e0d0c-0b0a-4908-8706-050403020100',
  to: '+18009998877',
  body: codeText({ code: CODE, serviceName: 'Example', domain: 'example.com' }),
}

/** The longest that a provider may go on after the signal, in ms. */
const GRACE = 100

const NO_TOOLS = { print: () => {}, keep: () => {} }

/** Sends, under a signal that never comes unless `abortWhen` does, and tells how long it took from then. */
const send = async (provider: SmsProvider, abortWhen?: Promise<unknown>) => {
  const controller = new AbortController()
  let since = performance.now()
  const abort = async () => {
    await abortWhen
    since = performance.now()
    controller.abort()
  }
  const [result] = await Promise.all([
    provider.send(MESSAGE, controller.signal).finally(() => {
      since = performance.now() - since
    }),
    abortWhen && abort(),
  ])
  return { result, took: since }
}

const checkReason = (t: Test, result: SendResult, secrets: readonly string[]) => {
  if (result.outcome === 'accepted') return
  t.ok(result.reason.length > 0 && result.reason.length <= 100, `a reason: ${result.reason}`)
  const shown = inspect(result, { depth: 9 })
  for (const secret of [CODE, MESSAGE.to.slice(1), MESSAGE.body.slice(0, 20), 'example.com', ...secrets]) {
    t.notOk(shown.includes(secret), 'the reason gives nothing away')
  }
}

/** Promises of a provider that hands messages to a company by HTTP. */
export const testRealProvider = (t: Test, { definition, settings, secrets, voice }: RealProvider): void => {
  const create = (url: string) => definition.create(settings(url), NO_TOOLS)
  const start = async (t: Test, mode: CompanyMode) => {
    const company = await startFakeCompany(t, voice, mode)
    return { company, provider: create(company.url) }
  }

  t.test(`${definition.name} is named as it is in SMS_PROVIDERS`, async (t) => {
    t.equal(create('http://127.0.0.1:1/').name, definition.name)
  })

  t.test(`${definition.name} hands a message over once, and says so`, async (t) => {
    const { company, provider } = await start(t, 'accepting')
    t.match((await send(provider)).result, { outcome: 'accepted' })
    t.equal(company.requests.length, 1)
  })

  const cases: [mode: CompanyMode, outcome: SendResult['outcome'], because: string][] = [
    ['refusing', 'refused', 'the company refuses the number for good'],
    ['lying', 'failed', 'the status says success and the body an error'],
    ['limiting', 'failed', 'the company wants less traffic'],
    ['forbidding', 'failed', 'the company does not know the credential'],
    ['failing', 'failed', 'the company has a fault of its own'],
    ['unavailable', 'failed', 'the company is closed for the moment'],
    ['bad-gateway', 'unknown', 'something between lost the answer'],
    ['gateway-timeout', 'unknown', 'something between gave up waiting'],
    ['garbage', 'unknown', 'the success cannot be read'],
    ['huge', 'unknown', 'the success never ends'],
    ['redirecting', 'failed', 'the company has moved'],
    ['resetting', 'unknown', 'the connection broke after the request had arrived'],
    ['speaking-ssh', 'unknown', 'the answer is not HTTP'],
  ]
  for (const [mode, outcome, because] of cases) {
    t.test(`${definition.name} answers "${outcome}" when ${because}, after one request`, async (t) => {
      const { company, provider } = await start(t, mode)
      const { result } = await send(provider)
      t.equal(result.outcome, outcome)
      t.equal(company.requests.length, 1, 'it never tries again by itself')
      checkReason(t, result, secrets)
    })
  }

  t.test(`${definition.name} answers "failed" when nobody listens`, async (t) => {
    const { company, provider } = await start(t, 'accepting')
    await company.leave()
    const { result } = await send(provider)
    t.equal(result.outcome, 'failed')
    checkReason(t, result, secrets)
  })

  t.test(
    `${definition.name} answers "failed" when the company does not speak TLS: nothing was handed over`,
    async (t) => {
      const { company } = await start(t, 'accepting')
      const { result } = await send(create(company.httpsUrl))
      t.equal(result.outcome, 'failed')
      t.equal(company.requests.length, 0)
      checkReason(t, result, secrets)
    },
  )

  t.test(`${definition.name} passes on how long the company wants to be left alone`, async (t) => {
    const { provider } = await start(t, 'limiting')
    t.match((await send(provider)).result, { outcome: 'failed', retryAfter: COMPANY_RETRY_AFTER })
  })

  t.test(`${definition.name} takes no message and no credential to where a redirect points`, async (t) => {
    const elsewhere = await startFakeCompany(t, voice)
    const { company, provider } = await start(t, 'redirecting')
    company.redirectTo = elsewhere.url
    t.equal((await send(provider)).result.outcome, 'failed')
    t.equal(company.requests.length, 1)
    t.equal(elsewhere.requests.length, 0)
  })

  t.test(`${definition.name} stops reading an answer that is too long`, async (t) => {
    const { company, provider } = await start(t, 'huge')
    await send(provider)
    t.ok(company.bytesSent() < 32 * 1024 * 1024, `${company.bytesSent()} bytes were written`)
  })

  const stalls: [CompanyMode, (company: FakeCompany) => Promise<unknown>][] = [
    ['silent', (company) => company.received],
    // Late enough for the head of the answer to have been read.
    ['dripping', (company) => company.received.then(() => setTimeout(30))],
  ]
  for (const [mode, moment] of stalls) {
    t.test(
      `${definition.name} gives up at the signal when the company is ${mode}, and does not know the outcome`,
      async (t) => {
        const { company, provider } = await start(t, mode)
        const { result, took } = await send(provider, moment(company))
        t.equal(result.outcome, 'unknown')
        t.ok(took < GRACE, `${took.toFixed(1)} ms after the signal`)
        checkReason(t, result, secrets)
      },
    )
  }

  t.test(`${definition.name} sends nothing once the signal has come`, async (t) => {
    const { company, provider } = await start(t, 'accepting')
    const since = performance.now()
    const result = await provider.send(MESSAGE, AbortSignal.abort())
    t.ok(performance.now() - since < GRACE)
    t.not(result.outcome, 'accepted')
    t.equal(company.requests.length, 0)
  })

  t.test(`${definition.name} sends again after a fault, without being made anew`, async (t) => {
    const { company, provider } = await start(t, 'resetting')
    for (const mode of ['resetting', 'failing', 'huge', 'speaking-ssh'] as const) {
      company.mode = mode
      await send(provider)
      company.mode = 'accepting'
      t.equal((await send(provider)).result.outcome, 'accepted', `after ${mode}`)
    }
  })

  t.test(`${definition.name} takes many messages at once`, async (t) => {
    const { company, provider } = await start(t, 'accepting')
    const results = await Promise.all(Array.from({ length: 50 }, () => send(provider)))
    t.ok(results.every(({ result }) => result.outcome === 'accepted'))
    t.equal(company.requests.length, 50)
  })

  t.test(`${definition.name} has an address of its own in its settings, and hides its credentials`, async (t) => {
    const { properties } = definition.settings
    t.match(properties[`${definition.name.toUpperCase()}_URL`], { default: /^https:\/\// })
    const given = settings('http://127.0.0.1:1/')
    for (const [name, value] of Object.entries(given)) {
      if (secrets.includes(String(value))) t.match(properties[name], { secret: true }, name)
    }
  })
}

/** Promises of a provider that keeps its messages here. */
export const testLocalProvider = (t: Test, definition: ProviderDefinition): void => {
  const start = () => {
    const printed: string[] = []
    const kept: KeptMessage[] = []
    const tools = { print: (line: string) => printed.push(line), keep: (message: KeptMessage) => kept.push(message) }
    return { provider: definition.create({}, tools), printed, kept }
  }

  t.test(`${definition.name} is no real company, and needs no settings`, async (t) => {
    t.equal(start().provider.name, definition.name)
    t.equal(definition.real, false)
    t.same(Object.keys(definition.settings.properties), [])
  })

  t.test(`${definition.name} accepts each message at once, and keeps it whole where a test finds it`, async (t) => {
    const { provider, kept } = start()
    const { result, took } = await send(provider)
    t.match(result, { outcome: 'accepted' })
    t.ok(took < GRACE)
    t.equal(kept.length, 1)
    t.has(kept[0], { to: MESSAGE.to, body: MESSAGE.body })
    t.equal(new Date(kept[0]!.sentAt).toISOString(), kept[0]!.sentAt)
  })
}
