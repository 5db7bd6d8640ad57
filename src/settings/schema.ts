import { type Static, Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import { CODE_DIGITS } from '../core/limits.ts'
import { ADMIN_SETTINGS } from './admin.ts'
import { NETWORK_SETTINGS } from './network.ts'
import { RETENTION_SETTINGS } from './retention.ts'
import { SESSION_SETTINGS } from './session.ts'
import { SMS_SETTINGS } from './sms.ts'
import { list, requestUrl, seconds } from './types.ts'

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
  SECRET: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'The secret that pending tokens and stored codes are keyed with: 32 characters or more, random. A changed file is taken up without a restart: `docs/keys.md`.',
      examples: ['the output of: openssl rand -base64 33'],
      required: true,
      secret: true,
    }),
  ),
  SECRET_PREVIOUS: Type.Optional(
    Type.String({
      minLength: 32,
      description: 'The former secret, for the minutes in which challenges made with it are still open.',
      examples: ['the former value of SECRET'],
      secret: true,
    }),
  ),
  JWT_KEYS_FILE: Type.Optional(
    Type.String({
      description:
        'JSON Web Key Set with the private signing keys, made by `doorcode keys new`, or a folder of several (`*.json`). A change is taken up without a restart: `docs/keys.md`.',
      examples: ['/run/secrets/jwt-keys.json'],
      required: true,
      insteadOf: 'JWT_KEYS',
    }),
  ),
  JWT_KEYS: Type.Optional(
    Type.String({
      pattern: '^\\{[\\s\\S]*\\}$',
      form: 'the JSON of a key set, from { to }',
      description: 'That JSON itself, in place of `JWT_KEYS_FILE`. A change takes a restart.',
      examples: ['the content of a file made by: npx doorcode keys new --file keys.json'],
      secret: true,
      inFile: false,
    }),
  ),
  JWT_ALGORITHM: Type.Union([Type.Literal('EdDSA'), Type.Literal('ES256')], {
    default: 'EdDSA',
    description:
      'The one algorithm of access tokens. Keys of the other one are published and accepted, but never sign.',
    examples: ['ES256'],
  }),
  ACCESS_TOKEN_TTL: seconds({ ...DURATIONS.accessTtl, description: 'Life of an access token.' }),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      form: 'an address that starts with postgres://',
      description:
        'Postgres 15 or later; `PG…` variables are not read. TLS and CA: `docs/going-to-production.md`. Outside production an embedded one is started when it is not set.',
      examples: ['postgres://doorcode@db.example.com/doorcode'],
      required: true,
      secret: true,
    }),
  ),
  DATABASE_POOL_SIZE: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 100,
    description: 'The most connections one instance holds.',
    examples: [10],
  }),
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?://',
      form: 'an address that starts with redis:// or rediss://',
      description: 'Redis or Valkey, where several instances count requests per address together.',
      examples: ['redis://cache.example.com:6379'],
      secret: true,
    }),
  ),
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
  EVENTS_WEBHOOK_URL: Type.Optional(
    requestUrl('(?:[/?][^\\s#]*)?', {
      form: 'an https address without a name, a password or a # in it, or http to this machine',
      description: 'Where events are told (`docs/audit.md`): https, or http to this machine. Nowhere if not set.',
      examples: ['https://ops.example.com/doorcode'],
    }),
  ),
  EVENTS_WEBHOOK_SECRET: Type.Optional(
    Type.String({
      pattern: '^whsec_[A-Za-z0-9+/]{32,}={0,2}$',
      form: 'whsec_ and base64 of 24 bytes or more',
      description: 'What events are signed with: the output of `echo whsec_$(openssl rand -base64 32)`.',
      examples: ['the output of: echo whsec_$(openssl rand -base64 32)'],
      secret: true,
    }),
  ),
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
