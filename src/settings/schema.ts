import { type Static, Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import { CODE_DIGITS } from '../core/limits.ts'
import { ADMIN_SETTINGS } from './admin.ts'
import { DATABASE_SETTINGS } from './database.ts'
import { EVENT_SETTINGS } from './events.ts'
import { KEY_SETTINGS } from './keys.ts'
import { NETWORK_SETTINGS } from './network.ts'
import { RETENTION_SETTINGS } from './retention.ts'
import { SESSION_SETTINGS } from './session.ts'
import { SMS_SETTINGS } from './sms.ts'
import { list, seconds } from './types.ts'

/**
 * Every setting, under the name of its environment variable. `secret` ones also come as `NAME_FILE`, are never shown,
 * and `required` names the ones that production cannot do without.
 */
export const SettingsSchema = Type.Object({
  NODE_ENV: Type.Union([Type.Literal('development'), Type.Literal('test'), Type.Literal('production')], {
    default: 'development',
    description: '`production` refuses every convenience: what it needs must be set.',
    examples: ['production'],
  }),
  HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on.', examples: ['0.0.0.0'] }),
  PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65_535,
    description: 'Port to listen on.',
    examples: [3000],
  }),
  ...ADMIN_SETTINGS,
  ISSUER: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s?#]*[^\\s?#/]$',
      form: 'an address that starts with https:// (http:// outside production) and has no slash, ? or # at the end',
      description: 'The public address of this service: `iss` of every token and the base of problem types.',
      examples: ['https://auth.example.com'],
      required: true,
    }),
  ),
  AUDIENCE: Type.Optional(
    Type.String({
      minLength: 1,
      description: '`aud` of access tokens: the API they are for. Outside production the issuer.',
      examples: ['https://api.example.com'],
      required: true,
    }),
  ),
  CLIENT_ID: Type.String({
    default: 'doorcode',
    minLength: 1,
    description: '`client_id` of access tokens (RFC 9068 §2.2).',
    examples: ['example-app'],
  }),
  SERVICE_NAME: Type.String({
    default: 'Doorcode',
    pattern: '^[A-Za-z0-9 .&-]{1,20}$',
    form: 'up to 20 letters from A to Z, digits, spaces, dots, hyphens and &',
    description: 'What the text message calls you: up to 20 letters, digits, spaces, dots, hyphens.',
    examples: ['Example'],
  }),
  ...KEY_SETTINGS,
  ...DATABASE_SETTINGS,
  ...SESSION_SETTINGS,
  ...SMS_SETTINGS,
  CODE_LENGTH: Type.Integer({ ...CODE_DIGITS, description: 'Digits of a code.', examples: [6] }),
  CODE_TTL: seconds({
    ...DURATIONS.codeTtl,
    description: `Life of a code and its pending token (SP 800-63B-4 §3.1.3.2: at most ${DURATIONS.codeTtl.maximum}).`,
  }),
  RESEND_COOLDOWN: seconds({
    ...DURATIONS.resendCooldown,
    description: `Wait before a second code, doubled with each further one. Less than ${DURATIONS.resendCooldown.default} is refused in production.`,
  }),
  DEMO: Type.Optional(
    Type.Boolean({
      description: 'Serve the demo pages at `/demo`. `true` outside production, where it is refused.',
      examples: [false],
    }),
  ),
  DEV_OUTBOX: Type.Optional(
    Type.Boolean({
      description:
        'Serve the messages of `outbox` and `console` at `/dev/outbox`, for tests. If not set, only to this machine and only while nothing real is behind: no company, the embedded database, a loopback `HOST`. Refused in production.',
      examples: [true],
    }),
  ),
  RATE_LIMIT: Type.Boolean({
    default: true,
    description:
      'Limit requests per address, tries of passwords, and codes per user, number and address. `false`, for tests that log in all the time, is refused in production.',
    examples: [true],
  }),
  TRUST_PROXY: list({
    default: [],
    description: 'Proxies whose `X-Forwarded-For` is believed: addresses or CIDR ranges.',
    examples: ['10.0.0.0/8', '192.168.1.7'],
  }),
  CORS_ORIGINS: list({
    default: [],
    description:
      'Origins whose scripts may call this API: scheme, host and perhaps a port. Apps and extensions have schemes of their own.',
    examples: ['https://app.example.com', 'capacitor://localhost'],
  }),
  ...NETWORK_SETTINGS,
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'The least severe lines that are logged.', examples: ['info'] },
  ),
  ...RETENTION_SETTINGS,
  ...EVENT_SETTINGS,
  DATA_DIR: Type.String({
    default: '.data',
    description: 'Folder of the embedded database and of the secrets that are made outside production.',
    examples: ['.data'],
  }),
  SHUTDOWN_DELAY: seconds({
    default: 0,
    minimum: 0,
    maximum: 60,
    description: 'Time between the signal to stop, when readiness ends, and the moment connections are refused.',
  }),
})

/** The settings, checked and converted. */
export type Settings = Static<typeof SettingsSchema>

/** What a setting's schema says beyond JSON Schema. */
export interface SettingSchema {
  type?: string
  description: string
  default?: unknown
  examples: unknown[]
  unit?: string
  secret?: boolean
  /** False for a secret that does not come as `NAME_FILE`. */
  inFile?: boolean
  required?: boolean
  /** What its pattern asks for, in words that follow "must be". */
  form?: string
  /** The setting that one which is required may be left out for. */
  insteadOf?: string
  /** Whether the name in lower case is read too, as other programs do. */
  lowerCase?: boolean
}
