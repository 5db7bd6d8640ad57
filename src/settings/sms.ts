import { Type } from 'typebox'
import { E164 } from '../core/delivery/phone.ts'
import { GUARD_RULES } from '../core/guard/rules.ts'
import { list } from './types.ts'

/** The caps that operators change most often, with their defaults. */
const CAPS = (
  [
    ['user', 'perHour'],
    ['number', 'perHour'],
    ['number', 'perDay'],
    ['address', 'perHour'],
    ['network', 'perHour'],
  ] as const
).map(([rule, name]) => `${rule}.${name}=${(GUARD_RULES[rule] as Record<string, number>)[name]}`)

/** Settings of delivery: providers, countries, texts and the guard. A part of `SettingsSchema`. */
export const SMS_SETTINGS = {
  SMS_PROVIDERS: list({
    default: ['console'],
    description: 'Providers, in the order in which they are tried. Required in production.',
    examples: ['crondock'],
  }),
  SMS_ROUTES: Type.Optional(
    Type.String({
      description: 'Providers by country, instead of the order of `SMS_PROVIDERS`; `*` is every other country.',
      examples: ['US,CA=twilio,vonage;IN=acme;*=vonage'],
    }),
  ),
  SMS_PRICES: list({
    default: [],
    description:
      'Price of one segment or one call by country and channel, all in one currency. The ledger estimates costs with it.',
    examples: ['US=0.0083', 'US:voice=0.014', '*=0.08'],
  }),
  SMS_COUNTRIES: list({
    default: [],
    pattern: '^[A-Z]{2}$',
    form: 'country codes of two capital letters, separated by commas',
    description:
      'Countries that receive codes, as ISO 3166-1 codes. Required with a provider that sends real messages.',
    examples: ['US', 'CA'],
  }),
  SMS_VOIP: Type.Boolean({
    default: true,
    description:
      'Sends codes to VoIP numbers too. Landlines, premium-rate, toll-free and similar numbers are always refused.',
    examples: [false],
  }),
  SMS_BUDGET_MESSAGES: list({
    default: ['all=20000', 'each=5000'],
    description: `Maximum messages a day (UTC): \`all\` in total, \`each\` for every country, or an ISO code for one country. Keys that are not given keep their default. The last ${100 * GUARD_RULES.budget.reserve} % is reserved for users who logged in within 30 days.`,
    examples: ['all=20000', 'each=5000', 'US=10000'],
  }),
  SMS_BUDGET_COST: list({
    default: [],
    description:
      'Maximum cost a day (UTC) with the same keys as `SMS_BUDGET_MESSAGES`, in the currency of `SMS_PRICES`. No limit if not set.',
    examples: ['all=500', 'each=100', 'US=300'],
  }),
  SMS_GUARD: Type.Boolean({
    default: true,
    description:
      'Stops messages to prefixes, number ranges and countries whose codes are not entered. Caps and budgets apply without it too.',
    examples: [true],
  }),
  SMS_GUARD_LIMITS: list({
    default: CAPS,
    description:
      'Limits of the guard, each as `RULE.LIMIT=VALUE` (list: `docs/toll-fraud.md`). Limits that are not given keep their default. An office behind one address needs a higher `address.perHour`.',
    examples: ['address.perHour=50', 'network.perHour=100'],
  }),
  SMS_SAFE_NUMBERS: list({
    default: [],
    pattern: E164,
    form: 'numbers of a plus and digits only, separated by commas',
    description: 'Numbers (E.164) that skip the rules on addresses, prefixes and conversion, for your testers.',
    examples: ['+12025550143'],
  }),
  HUMAN_CHECK: Type.Union(
    ['proof-of-work', 'turnstile', 'hcaptcha', 'off'].map((name) => Type.Literal(name)),
    {
      default: 'proof-of-work',
      description: 'The human check for unknown users, required while traffic looks like fraud or a budget runs low.',
      examples: ['turnstile'],
    },
  ),
  NUMBER_INTELLIGENCE: Type.Optional(
    Type.Union(
      ['twilio-lookup'].map((name) => Type.Literal(name)),
      {
        description: 'Service that reports, before each message, whether the SIM of the number was swapped recently.',
        examples: ['twilio-lookup'],
      },
    ),
  ),
  SMS_DOMAIN: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9.-]{1,40}$',
      form: 'a domain in lower case, at most 40 characters, without https://',
      description:
        'Domain on which browsers may autofill the code (last line of the message). Defaults to the host of the issuer.',
      examples: ['example.com'],
    }),
  ),
  SMS_LOCALES: list({
    default: [],
    pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
    form: 'languages such as en or pt-BR, separated by commas',
    description:
      'Languages of the messages (BCP 47). Defaults to all languages whose text fits one segment with your `SERVICE_NAME` and `SMS_DOMAIN`.',
    examples: ['en', 'de', 'pt-BR'],
  }),
  SMS_TEXTS_FILE: Type.Optional(
    Type.String({
      description:
        'JSON file with your own texts: `{"en": {"text": "{code} is your {service} code."}}`. They must pass the same checks as the built-in texts.',
      examples: ['/etc/doorcode/texts.json'],
    }),
  ),
  ANDROID_APP_HASH: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9+/]{11}$',
      form: '11 characters of letters, digits, + and /',
      description: 'Hash of 11 characters by which the Android SMS Retriever finds your app.',
      examples: ['FA+9qCX9VSu'],
    }),
  ),
  SCENARIO_NUMBERS: list({
    default: [],
    description:
      'Scenario numbers for tests and app reviews: `standard`, or each as `NUMBER=SCENARIO[:CODE][@LAST-DAY]`. In production the last day is required.',
    examples: ['+12025550155=code:246810@2027-06-30'],
  }),
}
