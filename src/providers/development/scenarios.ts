import { setTimeout } from 'node:timers/promises'
import { E164 } from '../../core/delivery/phone.ts'
import { CHANNELS, type Provider, type Receipt, type SendResult } from '../../core/delivery/ports.ts'
import { canonicalPhone } from '../../factors/sms/phone-number.ts'

/** The results that a scenario number can script. */
export const SCENARIOS = ['delivered', 'undelivered', 'slow', 'throttled', 'down', 'code'] as const

/** A scripted result. */
export type Scenario = (typeof SCENARIOS)[number]

/** A number without a phone. */
export interface ScenarioNumber {
  /** E.164. */
  phone: string
  scenario: Scenario
  /** The fixed code; only for `code`. */
  code?: string
  /** The last day on which it is served, `YYYY-MM-DD` in UTC; undefined for no end. */
  until?: string
}

/** The numbers of `SCENARIO_NUMBERS=standard`, from the range that is reserved for fiction. */
export const STANDARD_NUMBERS: readonly ScenarioNumber[] = [
  { phone: '+12025550150', scenario: 'delivered' },
  { phone: '+12025550151', scenario: 'undelivered' },
  { phone: '+12025550152', scenario: 'slow' },
  { phone: '+12025550153', scenario: 'throttled' },
  { phone: '+12025550154', scenario: 'down' },
  { phone: '+12025550155', scenario: 'code', code: '24681012' },
]

const EXAMPLE = '+12025550155=code:246810@2027-06-30'
const ITEM = new RegExp(`^(${E164.slice(1, -1)})=([a-z]+)(?::(\\d+))?(?:@(\\d{4}-\\d{2}-\\d{2}))?$`)

/** A list of scenario numbers, and a message for each fault in it. */
export type ParsedScenarios = { numbers: ScenarioNumber[]; faults: string[] }

const isDay = (day: string) => !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day)

/**
 * Reads `standard` or items like `+12025550155=code:246810@2027-06-30`. With `strict`, as in production, each number
 * must be listed with its last day, which must not be over.
 */
export const parseScenarios = (
  items: readonly string[],
  { codeLength, strict, now }: { codeLength: number; strict: boolean; now: number },
): ParsedScenarios => {
  const faults: string[] = []
  const numbers = items.flatMap((item): ScenarioNumber[] => {
    const fault = (text: string) => {
      faults.push(`SCENARIO_NUMBERS ${text} For example: ${EXAMPLE}`)
      return []
    }
    if (item === 'standard') {
      if (strict) return fault('must not be "standard" in production: list each number with its last day.')
      return STANDARD_NUMBERS.map((number) => ({
        ...number,
        ...(number.code !== undefined && { code: number.code.slice(0, codeLength) }),
      }))
    }
    const [, phone, scenario, code, until] = ITEM.exec(item) ?? []
    if (!phone || !(SCENARIOS as readonly string[]).includes(scenario!)) {
      return fault(`has "${item}", which is not NUMBER=SCENARIO with one of ${SCENARIOS.join(', ')}.`)
    }
    if ((scenario === 'code') !== (code !== undefined)) return fault(`must have a code for "code" and for no other.`)
    if (code !== undefined && code.length !== codeLength) {
      return fault(`has a code of ${code.length} digits for ${phone}; CODE_LENGTH is ${codeLength}.`)
    }
    if (until !== undefined && !isDay(until)) return fault(`has "${until}", which is not a date.`)
    if (strict && until === undefined) return fault(`must have a last day for ${phone} in production.`)
    if (strict && until !== undefined && hasEnded(until, now))
      return fault(`serves ${phone} only until ${until}: remove it.`)
    return [{ phone, scenario: scenario as Scenario, ...(code && { code }), ...(until && { until }) }]
  })
  return { numbers, faults }
}

const DAY = 24 * 60 * 60 * 1000

const hasEnded = (until: string, now: number) => now >= Date.parse(until) + DAY

/** The dependencies of `createScenarios`. */
export interface ScenarioOptions {
  numbers: readonly ScenarioNumber[]
  /** Unix time, ms. */
  now: () => number
  /** Processes the receipt of a message, as if a provider had sent it. */
  receive: (provider: string, receipt: Receipt) => Promise<unknown>
  /** Times in ms. */
  slowFor?: number
  receiptAfter?: number
}

/** The scenario numbers. Their messages are processed like others, with a stand-in for the provider. */
export interface Scenarios {
  /** Returns the stand-in for a scenario number; undefined for every other number. */
  providerFor(phone: string): Provider | undefined
  /** Returns true for a scenario number, false after its last day, and undefined for every other number. */
  isServed(phone: string): boolean | undefined
  codeFor(phone: string): string | undefined
}

/** Makes the scenario numbers. Their messages are recorded and limited like others, but never leave the server. */
export const createScenarios = (options: ScenarioOptions): Scenarios => {
  const { numbers, now, receive, slowFor = 3_000, receiptAfter = 300 } = options
  const byPhone = new Map(numbers.map((number) => [canonicalPhone(number.phone) ?? number.phone, number]))
  const served = (phone: string) => {
    const number = byPhone.get(phone)
    return number && !(number.until && hasEnded(number.until, now())) ? number : undefined
  }

  const report = (sendId: string, status: Receipt['status']) => {
    const timer = globalThis.setTimeout(
      () => void receive('scenario', { sendId, status }).catch(() => {}),
      receiptAfter,
    )
    timer.unref()
  }

  const provider: Provider = {
    name: 'scenario',
    channels: CHANNELS,
    async send({ to, sendId }, signal): Promise<SendResult> {
      switch (served(to)?.scenario) {
        case 'down':
          return { outcome: 'failed', reason: 'scenario: down' }
        case 'throttled':
          return { outcome: 'failed', reason: 'scenario: throttled', retryAfter: 30 }
        case 'slow':
          try {
            await setTimeout(slowFor, undefined, { signal })
          } catch {
            return { outcome: 'unknown', reason: 'scenario: slow' }
          }
          report(sendId, 'delivered')
          return { outcome: 'accepted' }
        case 'undelivered':
          report(sendId, 'undelivered')
          return { outcome: 'accepted' }
        default:
          report(sendId, 'delivered')
          return { outcome: 'accepted' }
      }
    },
  }

  return {
    providerFor: (phone) => (served(phone) ? provider : undefined),
    isServed: (phone) => (byPhone.has(phone) ? served(phone) !== undefined : undefined),
    codeFor: (phone) => served(phone)?.code,
  }
}
