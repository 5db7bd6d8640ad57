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
 * The schema of every setting, by environment variable. A `secret` setting can also come from `NAME_FILE` and is never
 * shown. A `required` setting must be set in production.
 */
export const SettingsSchema = Type.Object({
  NODE_ENV: Type.Union([Type.Literal('development'), Type.Literal('test'), Type.Literal('production')], {
    default: 'development',
    description: 'Mode of the server. `production` has no development defaults: required settings must be set.',
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
      form: 'a URL that starts with https:// (http:// outside production), without ? and #, and without a slash at the end',
      description: 'Public URL of this service: `iss` of every token, and the base of problem types.',
      examples: ['https://auth.example.com'],
      required: true,
    }),
  ),
  AUDIENCE: Type.Optional(
    Type.String({
      minLength: 1,
      description: '`aud` of access tokens: the API that accepts them. Outside production it defaults to the issuer.',
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
    description: 'Name of your service in messages: up to 20 letters, digits, spaces, dots, hyphens and `&`.',
    examples: ['Example'],
  }),
  ...KEY_SETTINGS,
  ...DATABASE_SETTINGS,
  ...SESSION_SETTINGS,
  ...SMS_SETTINGS,
  CODE_LENGTH: Type.Integer({ ...CODE_DIGITS, description: 'Number of digits of a code.', examples: [6] }),
  CODE_TTL: seconds({
    ...DURATIONS.codeTtl,
    description: `Lifetime of a code and its pending token (SP 800-63B-4 §3.1.3.2: at most ${DURATIONS.codeTtl.maximum}).`,
  }),
  RESEND_COOLDOWN: seconds({
    ...DURATIONS.resendCooldown,
    description: `Wait before a second code; it doubles with each further code. Production refuses less than ${DURATIONS.resendCooldown.default}.`,
  }),
  DEMO: Type.Optional(
    Type.Boolean({
      description: 'Serves the demo pages at `/demo`. `true` by default outside production; production refuses it.',
      examples: [false],
    }),
  ),
  DEV_OUTBOX: Type.Optional(
    Type.Boolean({
      description:
        'Serves the messages of `outbox` and `console` at `/dev/outbox`, for tests. If not set, it serves only this machine, and only with the embedded database, a loopback `HOST` and no real provider. Production refuses it.',
      examples: [true],
    }),
  ),
  RATE_LIMIT: Type.Boolean({
    default: true,
    description:
      'Limits requests per address, password attempts, and codes per user, number and address. `false` is for tests with many logins; production refuses it.',
    examples: [true],
  }),
  TRUST_PROXY: list({
    default: [],
    description: 'Proxies whose `X-Forwarded-For` is trusted: addresses or CIDR ranges.',
    examples: ['10.0.0.0/8', '192.168.1.7'],
  }),
  CORS_ORIGINS: list({
    default: [],
    description:
      'Origins whose scripts may call this API: scheme, host and optionally a port. Apps and browser extensions have their own schemes.',
    examples: ['https://app.example.com', 'capacitor://localhost'],
  }),
  ...NETWORK_SETTINGS,
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'Lowest severity that is logged.', examples: ['info'] },
  ),
  ...RETENTION_SETTINGS,
  ...EVENT_SETTINGS,
  DATA_DIR: Type.String({
    default: '.data',
    description: 'Folder of the embedded database and of the secrets that the server creates outside production.',
    examples: ['.data'],
  }),
  SHUTDOWN_DELAY: seconds({
    default: 0,
    minimum: 0,
    maximum: 60,
    description: 'Time between the stop signal, which ends readiness, and the refusal of new connections.',
  }),
})

/** Validated and converted settings. */
export type Settings = Static<typeof SettingsSchema>

/** The schema of a setting, with keywords beyond JSON Schema. */
export interface SettingSchema {
  type?: string
  description: string
  default?: unknown
  examples: unknown[]
  unit?: string
  secret?: boolean
  /** False for a secret that cannot come from `NAME_FILE`. */
  inFile?: boolean
  required?: boolean
  /** A description of its pattern that follows "must be". */
  form?: string
  /** The alternative setting; a required setting may be missing if this one is set. */
  insteadOf?: string
  /** True if the lower-case name is read too, as other programs do. */
  lowerCase?: boolean
}
