import { randomUUID } from 'node:crypto'
import { foldCode, makeCode } from '../../core/challenge/code.ts'
import type { BeginRequest, DeliveringFactor } from '../../core/challenge/factor.ts'
import { hashPhone, maskPhone } from '../../core/delivery/phone.ts'
import type {
  Candidate,
  Carrier,
  Channel,
  CodeMessage,
  Dispatcher,
  SendEntry,
  SendPlan,
} from '../../core/delivery/ports.ts'
import { Problem } from '../../errors.ts'
import type { LocaleChoice } from './locale.ts'
import { SMS } from './name.ts'
import { canonicalPhone, countryOf, destinationOf, readPhone } from './phone-number.ts'
import type { Texts } from './render-texts.ts'

/** The dependencies of the SMS factor. */
export interface SmsFactorDeps {
  dispatcher: Dispatcher
  texts: Texts
  chooseLocale: LocaleChoice
  /** Digits of a code, 6 to 8. */
  codeLength: number
  /** The ISO countries that messages may go to; empty for all, when no real messages are sent. */
  countries: readonly string[]
  /** True to send codes to VoIP numbers. */
  voip: boolean
  /** Numbers in E.164 that skip the guard's rules on addresses, prefixes and countries. */
  safeNumbers: readonly string[]
  /** The key of the number hashes in the ledger. */
  phoneKey: Uint8Array
  /** Scenario numbers for tests, which no provider serves. */
  scenarios?: {
    /** Returns undefined for every other number; false for a scenario number that was disabled. */
    isServed(phone: string): boolean | undefined
    codeFor(phone: string): string | undefined
  }
}

/** The last digits of a number, which its prefix does not contain. */
const OWN_DIGITS = 4

const isIn =
  (carriers: readonly Carrier[]) =>
  ({ provider, channel }: Carrier): boolean =>
    carriers.some((carrier) => carrier.provider === provider && carrier.channel === channel)

/** Makes the second factor that sends a code to a phone (SP 800-63B-4 §3.1.3.3: a restricted authenticator). */
export const createSmsFactor = (deps: SmsFactorDeps): DeliveringFactor => {
  const { dispatcher, texts, chooseLocale, codeLength, phoneKey, scenarios } = deps
  const allowed = new Set(deps.countries)
  const safe = new Set(deps.safeNumbers.map((number) => canonicalPhone(number) ?? number))

  /**
   * Returns the candidates of the first channel with a provider that has not failed; otherwise of the first channel.
   */
  const choose = (
    channels: readonly Channel[],
    destination: { phone: string; country: string | null },
    failed: readonly Carrier[],
  ): { channel: Channel; candidates: Candidate[] } => {
    const hasFailed = isIn(failed)
    const choices = channels.map((channel) => {
      const candidates = dispatcher.candidates({ ...destination, channel })
      return {
        channel,
        candidates: [...candidates.filter((one) => !hasFailed(one)), ...candidates.filter(hasFailed)],
      }
    })
    const choice = choices.find(({ candidates }) => candidates[0] && !hasFailed(candidates[0]))
    return choice ?? choices.find(({ candidates }) => candidates.length > 0) ?? choices[0]!
  }

  const planFor = (
    message: Omit<CodeMessage, 'sendId'>,
    textSegments: number,
    country: string | null,
    candidates: readonly Candidate[],
  ): SendPlan => {
    const { channel, to: phone } = message
    // A call or a template message is charged as one segment.
    const segments = channel === 'sms' ? textSegments : 1
    const entries = candidates.map(
      ({ provider }): SendEntry => ({
        sendId: randomUUID(),
        provider,
        channel,
        country,
        prefix: phone.slice(0, -OWN_DIGITS),
        phoneHash: hashPhone(phoneKey, phone),
        segments,
        price: dispatcher.price({ country, channel, segments }),
      }),
    )
    return {
      channel,
      first: entries[0]!,
      // Messages to scenario numbers reach no phone and cost nothing.
      guard: { applies: scenarios?.isServed(phone) !== true, safe: safe.has(phone) },
      deliver: (within, handOver) => dispatcher.send(message, entries, within, handOver),
    }
  }

  const assertAllowed = (phone: string): void => {
    const served = scenarios?.isServed(phone)
    if (served) return
    // Checked at every send, because numbering plans and settings change.
    const { country, takesCodes, reason } = destinationOf(phone, deps)
    const isAbroad = allowed.size > 0 && !(country && allowed.has(country))
    if (served === false || isAbroad) throw new Problem('destination_not_allowed')
    if (!takesCodes) throw new Problem('destination_not_allowed', { detail: `The number ${reason}.` })
  }

  /**
   * Plans the message that carries a code. If no provider is left for the channel and the caller did not request it,
   * the next channel is used. Throws `destination_not_allowed` when no provider has the channel there, and
   * `sms_unavailable` when the circuits of all providers that have it are open.
   */
  const plan = (phone: string, code: string, request: BeginRequest): SendPlan => {
    const { channel: asked, formerChannel, failed, locale, acceptLanguage, client } = request
    const country = countryOf(phone) ?? null
    const first = formerChannel ?? dispatcher.channels[0]!
    const { channel, candidates } = choose(
      asked ? [asked] : [first, ...dispatcher.channels.filter((other) => other !== first)],
      { phone, country },
      failed,
    )
    if (candidates.length === 0) throw new Problem('destination_not_allowed')
    const usable = candidates.filter(({ retryAfter }) => retryAfter === 0)
    if (usable.length === 0) {
      throw new Problem('sms_unavailable', { retryAfter: Math.min(...candidates.map((one) => one.retryAfter)) })
    }
    const words = texts.wordsFor({
      locale: chooseLocale(locale, acceptLanguage),
      code,
      ...(client === undefined ? {} : { client }),
    })
    return planFor({ ...words, channel, to: phone, code }, words.segments, country, usable)
  }

  return {
    name: SMS,
    codeLength,
    // RFC 8176 has a value for calls and none for WhatsApp, which sends to the same number.
    amr: (channel) => [channel === 'voice' ? 'tel' : 'sms'],

    begin(request) {
      const { destination: phone, hash } = request
      if (phone === null) throw new Problem('destination_not_allowed')
      assertAllowed(phone)
      const code = scenarios?.codeFor(phone) ?? makeCode(codeLength)
      return { hash: hash(code), plan: plan(phone, code, request) }
    },

    answer: ({ code, hash }) => ({ hash: hash(foldCode(code)) }),

    delivery: {
      channels: dispatcher.channels,

      readDestination(written) {
        const read = readPhone(written)
        if (read.ok) return read.phone
        throw new Problem('validation_failed', { errors: [{ path: '/phone', message: read.reason }] })
      },

      assertAllowed,
      mask: maskPhone,

      planNotice({ kind, destination: phone, locale }) {
        const country = countryOf(phone) ?? null
        const usable = dispatcher
          .candidates({ phone, country, channel: 'sms' })
          .filter(({ retryAfter }) => retryAfter === 0)
        const words = texts.noticeOf(kind, chooseLocale(locale, undefined))
        const message = { ...words, channel: 'sms' as const, to: phone, code: '' }
        return usable[0] && planFor(message, words.segments, country, [usable[0]])
      },
    },
  }
}
