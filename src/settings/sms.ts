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

/** The settings of delivery: companies, countries, texts, and what guards the bill. A part of `SettingsSchema`. */
export const SMS_SETTINGS = {
  SMS_PROVIDERS: list({
    default: ['console'],
    description: 'Delivery companies, in the order in which they are tried. Required in production.',
    examples: ['crondock'],
  }),
  SMS_ROUTES: Type.Optional(
    Type.String({
      description:
        'Companies by country, where the order of `SMS_PROVIDERS` is not the one; `*` is every other country.',
      examples: ['US,CA=twilio,vonage;IN=acme;*=vonage'],
    }),
  ),
  SMS_PRICES: list({
    default: [],
    description:
      'What one segment, or one call, costs by country and channel, in any one currency: the ledger estimates with it.',
    examples: ['US=0.0083', 'US:voice=0.014', '*=0.08'],
  }),
  SMS_COUNTRIES: list({
    default: [],
    pattern: '^[A-Z]{2}$',
    form: 'countries by their two capital letters, with commas between them',
    description: 'Countries that codes are sent to, ISO 3166-1. Must be named when a real company is.',
    examples: ['US', 'CA'],
  }),
  SMS_VOIP: Type.Boolean({
    default: true,
    description: 'Send codes to numbers over the Internet too. Kinds of numbers that no person has are always refused.',
    examples: [false],
  }),
  SMS_BUDGET_MESSAGES: list({
    default: ['all=20000', 'each=5000'],
    description: `Messages a day (UTC): in \`all\`, to \`each\` country, or to one by its ISO code; what is not named keeps its default. The last ${100 * GUARD_RULES.budget.reserve} % is kept for users who logged in within 30 days.`,
    examples: ['all=20000', 'each=5000', 'US=10000'],
  }),
  SMS_BUDGET_COST: list({
    default: [],
    description: 'The same in money, by `SMS_PRICES` and in their currency. No limit where it is not set.',
    examples: ['all=500', 'each=100', 'US=300'],
  }),
  SMS_GUARD: Type.Boolean({
    default: true,
    description:
      'Stop messages to prefixes, runs of numbers and countries whose codes are not entered. Caps and budgets hold without it too.',
    examples: [true],
  }),
  SMS_GUARD_LIMITS: list({
    default: CAPS,
    description:
      'Limits of the guard, each as `RULE.NUMBER=VALUE` (`docs/toll-fraud.md` has all of them); what is not named keeps its default. An office behind one address needs more in `address.perHour`.',
    examples: ['address.perHour=50', 'network.perHour=100'],
  }),
  SMS_SAFE_NUMBERS: list({
    default: [],
    pattern: E164,
    form: 'numbers with the plus and digits alone, with commas between them',
    description: 'Numbers, E.164, that the rules on addresses, prefixes and conversion pass by: those of your testers.',
    examples: ['+12025550143'],
  }),
  HUMAN_CHECK: Type.Union(
    ['proof-of-work', 'turnstile', 'hcaptcha', 'off'].map((name) => Type.Literal(name)),
    {
      default: 'proof-of-work',
      description: 'What an unknown user must pass while messages look like fraud or a budget runs low.',
      examples: ['turnstile'],
    },
  ),
  NUMBER_INTELLIGENCE: Type.Optional(
    Type.Union(
      ['twilio-lookup'].map((name) => Type.Literal(name)),
      {
        description: 'Who is asked, before each message, whether the SIM of a number was swapped of late.',
        examples: ['twilio-lookup'],
      },
    ),
  ),
  SMS_DOMAIN: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9.-]{1,40}$',
      form: 'a domain in small letters, at most 40, without https:// before it',
      description:
        'Domain that a code may be filled in on (the last line of the text). The host of the issuer if not set.',
      examples: ['example.com'],
    }),
  ),
  SMS_LOCALES: list({
    default: [],
    pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
    form: 'languages such as en or pt-BR, with commas between them',
    description:
      'Languages of the messages (BCP 47). By default all whose text fits one segment with your `SERVICE_NAME` and `SMS_DOMAIN`.',
    examples: ['en', 'de', 'pt-BR'],
  }),
  SMS_TEXTS_FILE: Type.Optional(
    Type.String({
      description:
        'JSON file with texts of your own: `{"en": {"text": "{code} is your {service} code."}}`. Checked like ours.',
      examples: ['/etc/doorcode/texts.json'],
    }),
  ),
  ANDROID_APP_HASH: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9+/]{11}$',
      form: '11 letters, digits, + and /',
      description: 'The 11 characters by which the SMS Retriever of Android finds your app.',
      examples: ['FA+9qCX9VSu'],
    }),
  ),
  SCENARIO_NUMBERS: list({
    default: [],
    description:
      'Numbers at which no phone rings, for tests and app reviews: `standard`, or each as `NUMBER=SCENARIO[:CODE][@LAST-DAY]`. In production the last day must be given.',
    examples: ['+12025550155=code:246810@2027-06-30'],
  }),
}
