/** The contract of every provider, for any test framework. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import type { SendResult } from '../src/core/delivery/ports.ts'
import { definitionContract } from './definition-contract.ts'
import {
  type FakeProvider,
  PROVIDER_RETRY_AFTER,
  type ProviderMode,
  type ProviderReply,
  startFakeProvider,
} from './fake-provider.ts'
import { startImpostor } from './impostor.ts'
import { requestContract } from './request-contract.ts'
import { assertDiscreet, assertResult, GRACE, messageFor, overhear, send, sendUntil } from './sending.ts'
import { type ContractCase, type ProviderSubject, setStage } from './stage.ts'

const ANSWERS: [mode: ProviderMode, outcome: SendResult['outcome'], because: string][] = [
  ['refusing', 'refused', 'the API refuses the number for good'],
  ['lying', 'failed', 'the status is a success but the body an error'],
  ['limiting', 'failed', 'the API limits the rate'],
  ['forbidding', 'failed', 'the API rejects the credential'],
  ['failing', 'failed', 'the API has an internal error'],
  ['unavailable', 'failed', 'the API is unavailable'],
  ['bad-gateway', 'unknown', 'a gateway lost the response'],
  ['gateway-timeout', 'unknown', 'a gateway timed out'],
  ['garbage', 'unknown', 'the success cannot be parsed'],
  ['huge', 'unknown', 'the success body never ends'],
  ['truncating', 'unknown', 'the success body breaks off'],
  ['redirecting', 'failed', 'the API redirects'],
  ['resetting', 'unknown', 'the connection breaks after the request'],
  ['speaking-ssh', 'unknown', 'the response is not HTTP'],
]

/** JSON outside of any API document. */
const ODD = [null, true, 0, '', 'sent', [], [null], {}, { error: null }, { messages: null }, { messages: [null] }]
const ODD_BODIES = ['', ' ', ...ODD.map((value) => JSON.stringify(value))]

/** A host name that never resolves (RFC 6761 §6.4). */
const NOWHERE = 'http://doorcode-contract.invalid/'

/** Returns the tests of a provider that sends messages over HTTP. */
export const providerContract = (subject: ProviderSubject): ContractCase[] => {
  const { secrets, voice } = subject
  const { create, named, facing, assertOutcome } = setStage(subject)

  const answers = ANSWERS.map(([mode, outcome, because]) =>
    facing(mode, `returns "${outcome}" after one request when ${because}`, async (fake, provider) => {
      assertOutcome(await send(provider), outcome)
      assert.equal(fake.requests.length, 1, 'it does not retry')
    }),
  )

  const stalls: [ProviderMode, (fake: FakeProvider) => Promise<unknown>][] = [
    ['silent', (fake) => fake.received],
    // Waits until the provider has read the response headers.
    ['dripping', (fake) => fake.received.then(() => setTimeout(30))],
  ]
  const signals = stalls.map(([mode, moment]) =>
    facing(mode, `stops at the signal with an unknown outcome when the API is ${mode}`, async (fake, provider) => {
      const { result, took } = await sendUntil(provider, () => moment(fake))
      assertOutcome(result, 'unknown')
      assert.ok(took < GRACE, `${took.toFixed(1)} ms after the signal`)
      assert.equal(fake.requests.length, 1)
    }),
  )

  let oddReply: ProviderReply = { status: 200 }

  return [
    ...definitionContract(subject).map(({ name, run }) => named(name, run)),

    facing('accepting', 'sends a message once, and returns "accepted"', async (fake, provider) => {
      assertOutcome(await send(provider), 'accepted')
      assert.equal(fake.requests.length, 1)
    }),

    ...answers,

    facing('accepting', 'returns "failed" when the connection is refused', async (fake, provider) => {
      await fake.close()
      assertOutcome(await send(provider), 'failed')
    }),

    named('returns "failed" when its host does not resolve', async () => {
      assertOutcome(await send(await create(NOWHERE)), 'failed')
    }),

    facing('accepting', 'returns "failed" when the API does not support TLS, and sends nothing', async (fake) => {
      assertOutcome(await send(await create(fake.httpsUrl)), 'failed')
      assert.equal(fake.requests.length, 0)
    }),

    named('returns "failed" for an untrusted certificate, and sends nothing', async () => {
      const impostor = await startImpostor()
      try {
        assertOutcome(await send(await create(impostor.url)), 'failed')
        assert.equal(impostor.requests(), 0)
      } finally {
        await impostor.close()
      }
    }),

    facing('limiting', 'returns Retry-After of the API', async (_fake, provider) => {
      const result = await send(provider)
      assertOutcome(result, 'failed')
      assert.equal(result.outcome === 'failed' && result.retryAfter, PROVIDER_RETRY_AFTER)
    }),

    facing(
      'redirecting',
      'does not send the message or the credential to a redirect target',
      async (fake, provider) => {
        const elsewhere = await startFakeProvider(voice)
        try {
          fake.redirectTo = elsewhere.url
          assertOutcome(await send(provider), 'failed')
          assert.equal(fake.requests.length, 1)
          assert.equal(elsewhere.requests.length, 0)
        } finally {
          await elsewhere.close()
        }
      },
    ),

    facing('huge', 'stops reading a response that is too long', async (fake, provider) => {
      await send(provider)
      assert.ok(fake.bytesSent() < 32 * 1024 * 1024, `${fake.bytesSent()} bytes were written`)
    }),

    facing(
      'accepting',
      'handles any response without throwing, and never reports an error as accepted',
      async (_fake, provider) => {
        for (const status of [200, 202, 400, 404, 500]) {
          for (const body of ODD_BODIES) {
            oddReply = { status, headers: { 'content-type': 'application/json' }, body }
            const result = await send(provider)
            assertResult(result, secrets)
            if (status >= 400) assert.notEqual(result.outcome, 'accepted', `${status} ${body}`)
          }
        }
      },
      { ...voice, accepted: () => oddReply },
    ),

    ...signals,

    facing('accepting', 'sends nothing after the signal', async (fake, provider) => {
      const since = performance.now()
      const result = await provider.send(messageFor(provider), AbortSignal.abort())
      assert.ok(performance.now() - since < GRACE)
      assert.notEqual(result.outcome, 'accepted')
      assertResult(result, secrets)
      assert.equal(fake.requests.length, 0)
    }),

    facing('resetting', 'sends again after a fault, without a new instance', async (fake, provider) => {
      for (const mode of ['resetting', 'failing', 'huge', 'speaking-ssh'] as const) {
        fake.mode = mode
        await send(provider)
        fake.mode = 'accepting'
        assert.equal((await send(provider)).outcome, 'accepted', `after ${mode}`)
      }
    }),

    ...requestContract(subject),

    facing('accepting', 'never prints a message or a credential, whatever the API does', async (fake) => {
      const printed: string[] = []
      const heard = await overhear(async () => {
        const provider = await create(fake.url, {
          print: (line) => printed.push(line),
          keep: () => assert.fail('a real provider does not keep messages'),
        })
        for (const mode of ['accepting', ...ANSWERS.map(([mode]) => mode)] as const) {
          fake.mode = mode
          await send(provider)
        }
        await fake.close()
        await send(provider)
      })
      assertDiscreet([...printed, heard].join('\n'), secrets)
    }),
  ]
}
