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
import type { Texts } from './texts.ts'

/** What the SMS factor is made of. */
export interface SmsFactorDeps {
  dispatcher: Dispatcher
  texts: Texts
  chooseLocale: LocaleChoice
  /** Digits of a code, 6 to 8. */
  codeLength: number
  /** ISO countries that may be sent to; empty for all, where nothing real is sent. */
  countries: readonly string[]
  /** Whether numbers over the Internet may have codes. */
  voip: boolean
  /** Numbers, E.164, that pass the guard's rules on addresses, prefixes and conversion. */
  safeNumbers: readonly string[]
  /** The key that numbers are hashed with in the ledger. */
  phoneKey: Uint8Array
  /** Numbers that no company serves, for tests. */
  scenarios?: {
    /** Undefined for every other number; false when it is no longer served. */
    isServed(phone: string): boolean | undefined
    codeFor(phone: string): string | undefined
  }
}

/** Digits of a number that are its own, not its prefix. */
const OWN_DIGITS = 4

const isIn =
  (carriers: readonly Carrier[]) =>
  ({ provider, channel }: Carrier): boolean =>
    carriers.some((carrier) => carrier.provider === provider && carrier.channel === channel)

/** The second factor that sends a code to a phone (SP 800-63B-4 §3.1.3.3: a restricted authenticator). */
export const createSmsFactor = (deps: SmsFactorDeps): DeliveringFactor => {
  const { dispatcher, texts, chooseLocale, codeLength, phoneKey, scenarios } = deps
  const allowed = new Set(deps.countries)
  const safe = new Set(deps.safeNumbers.map((number) => canonicalPhone(number) ?? number))

  /** The companies for the first channel that still has one which has not failed, else for the first channel. */
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
    // A call and a template message are charged as one.
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
      // At a scenario number no phone rings and nothing is paid.
      guard: { applies: scenarios?.isServed(phone) !== true, safe: safe.has(phone) },
      deliver: (within, handOver) => dispatcher.send(message, entries, within, handOver),
    }
  }

  const assertAllowed = (phone: string): void => {
    const served = scenarios?.isServed(phone)
    if (served) return
    // Again at every send: what is known of numbers changes, and so do settings.
    const { country, takesCodes, reason } = destinationOf(phone, deps)
    const isAbroad = allowed.size > 0 && !(country && allowed.has(country))
    if (served === false || isAbroad) throw new Problem('destination_not_allowed')
    if (!takesCodes) throw new Problem('destination_not_allowed', { detail: `The number ${reason}.` })
  }

  /**
   * Plans the message that carries a code. When a channel that the caller did not ask for has no provider left, the next
   * channel takes over. Throws `destination_not_allowed` when no provider has the channel there, and `sms_unavailable` when
   * every one that has is known to be down.
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
    // RFC 8176 has a value for calls and none for WhatsApp, which is a message to the same number.
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
