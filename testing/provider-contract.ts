/** What every delivery company's file must keep, whatever the company does; of no test framework. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import type { SendResult } from '../src/core/delivery/ports.ts'
import { definitionContract } from './definition-contract.ts'
import {
  COMPANY_RETRY_AFTER,
  type CompanyMode,
  type CompanyReply,
  type FakeCompany,
  startFakeCompany,
} from './fake-company.ts'
import { startImpostor } from './impostor.ts'
import { requestContract } from './request-contract.ts'
import { assertDiscreet, assertResult, GRACE, messageFor, overhear, send, sendUntil } from './sending.ts'
import { type ContractCase, type ProviderSubject, setStage } from './stage.ts'

const ANSWERS: [mode: CompanyMode, outcome: SendResult['outcome'], because: string][] = [
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
  ['truncating', 'unknown', 'the success breaks off'],
  ['redirecting', 'failed', 'the company has moved'],
  ['resetting', 'unknown', 'the connection broke after the request had arrived'],
  ['speaking-ssh', 'unknown', 'the answer is not HTTP'],
]

/** JSON that no document promises, and that comes all the same. */
const ODD = [null, true, 0, '', 'sent', [], [null], {}, { error: null }, { messages: null }, { messages: [null] }]
const ODD_BODIES = ['', ' ', ...ODD.map((value) => JSON.stringify(value))]

/** A name that no server knows (RFC 6761 §6.4). */
const NOWHERE = 'http://doorcode-contract.invalid/'

/** The promises of a provider that hands messages to a company by HTTP; each is one test. */
export const providerContract = (subject: ProviderSubject): ContractCase[] => {
  const { secrets, voice } = subject
  const { create, named, facing, assertOutcome } = setStage(subject)

  const answers = ANSWERS.map(([mode, outcome, because]) =>
    facing(mode, `answers "${outcome}" when ${because}, after one request`, async (company, provider) => {
      assertOutcome(await send(provider), outcome)
      assert.equal(company.requests.length, 1, 'it never tries again by itself')
    }),
  )

  const stalls: [CompanyMode, (company: FakeCompany) => Promise<unknown>][] = [
    ['silent', (company) => company.received],
    // Late enough for the head of the answer to have been read.
    ['dripping', (company) => company.received.then(() => setTimeout(30))],
  ]
  const signals = stalls.map(([mode, moment]) =>
    facing(
      mode,
      `gives up at the signal when the company is ${mode}, and does not know the outcome`,
      async (company, provider) => {
        const { result, took } = await sendUntil(provider, () => moment(company))
        assertOutcome(result, 'unknown')
        assert.ok(took < GRACE, `${took.toFixed(1)} ms after the signal`)
        assert.equal(company.requests.length, 1)
      },
    ),
  )

  let oddReply: CompanyReply = { status: 200 }

  return [
    ...definitionContract(subject).map(({ name, run }) => named(name, run)),

    facing('accepting', 'hands a message over once, and says so', async (company, provider) => {
      assertOutcome(await send(provider), 'accepted')
      assert.equal(company.requests.length, 1)
    }),

    ...answers,

    facing('accepting', 'answers "failed" when nobody listens', async (company, provider) => {
      await company.close()
      assertOutcome(await send(provider), 'failed')
    }),

    named('answers "failed" when its host has no address', async () => {
      assertOutcome(await send(await create(NOWHERE)), 'failed')
    }),

    facing(
      'accepting',
      'answers "failed" when the company does not speak TLS: nothing was handed over',
      async (company) => {
        assertOutcome(await send(await create(company.httpsUrl)), 'failed')
        assert.equal(company.requests.length, 0)
      },
    ),

    named('answers "failed" to a certificate that nobody vouches for: nothing was handed over', async () => {
      const impostor = await startImpostor()
      try {
        assertOutcome(await send(await create(impostor.url)), 'failed')
        assert.equal(impostor.requests(), 0)
      } finally {
        await impostor.close()
      }
    }),

    facing('limiting', 'passes on how long the company wants to be left alone', async (_company, provider) => {
      const result = await send(provider)
      assertOutcome(result, 'failed')
      assert.equal(result.outcome === 'failed' && result.retryAfter, COMPANY_RETRY_AFTER)
    }),

    facing(
      'redirecting',
      'takes no message and no credential to where a redirect points',
      async (company, provider) => {
        const elsewhere = await startFakeCompany(voice)
        try {
          company.redirectTo = elsewhere.url
          assertOutcome(await send(provider), 'failed')
          assert.equal(company.requests.length, 1)
          assert.equal(elsewhere.requests.length, 0)
        } finally {
          await elsewhere.close()
        }
      },
    ),

    facing('huge', 'stops reading an answer that is too long', async (company, provider) => {
      await send(provider)
      assert.ok(company.bytesSent() < 32 * 1024 * 1024, `${company.bytesSent()} bytes were written`)
    }),

    facing(
      'accepting',
      'takes any answer without falling over, and no error for a success',
      async (_company, provider) => {
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

    facing('accepting', 'sends nothing once the signal has come', async (company, provider) => {
      const since = performance.now()
      const result = await provider.send(messageFor(provider), AbortSignal.abort())
      assert.ok(performance.now() - since < GRACE)
      assert.notEqual(result.outcome, 'accepted')
      assertResult(result, secrets)
      assert.equal(company.requests.length, 0)
    }),

    facing('resetting', 'sends again after a fault, without being made anew', async (company, provider) => {
      for (const mode of ['resetting', 'failing', 'huge', 'speaking-ssh'] as const) {
        company.mode = mode
        await send(provider)
        company.mode = 'accepting'
        assert.equal((await send(provider)).outcome, 'accepted', `after ${mode}`)
      }
    }),

    ...requestContract(subject),

    facing('accepting', 'says nothing about a message or a credential, whatever the company does', async (company) => {
      const printed: string[] = []
      const heard = await overhear(async () => {
        const provider = await create(company.url, {
          print: (line) => printed.push(line),
          keep: () => assert.fail('a real provider keeps no message'),
        })
        for (const mode of ['accepting', ...ANSWERS.map(([mode]) => mode)] as const) {
          company.mode = mode
          await send(provider)
        }
        await company.close()
        await send(provider)
      })
      assertDiscreet([...printed, heard].join('\n'), secrets)
    }),
  ]
}
