import { Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import { seconds } from './types.ts'

/** Settings of secrets, signing keys and access tokens. A part of `SettingsSchema`. */
export const KEY_SETTINGS = {
  SECRET: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'Secret from which the keys for pending tokens and stored codes are derived: at least 32 random characters. The server reloads a changed file without a restart: `docs/keys.md`.',
      examples: ['the output of: openssl rand -base64 33'],
      required: true,
      secret: true,
    }),
  ),
  SECRET_PREVIOUS: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'Previous secret, which stays valid for challenges that it created. Remove it eleven minutes after a change.',
      examples: ['the former value of SECRET'],
      secret: true,
    }),
  ),
  JWT_KEYS_FILE: Type.Optional(
    Type.String({
      description:
        'JSON Web Key Set with the private signing keys, created by `doorcode keys new`, or a folder of such files (`*.json`). The server reloads it without a restart: `docs/keys.md`.',
      examples: ['/run/secrets/jwt-keys.json'],
      required: true,
      insteadOf: 'JWT_KEYS',
    }),
  ),
  JWT_KEYS: Type.Optional(
    Type.String({
      pattern: '^\\{[\\s\\S]*\\}$',
      form: 'a JSON key set, from { to }',
      description: 'The JSON Web Key Set itself, instead of `JWT_KEYS_FILE`. A change needs a restart.',
      examples: ['the content of a file created by: npx doorcode keys new --file keys.json'],
      secret: true,
      inFile: false,
    }),
  ),
  JWT_ALGORITHM: Type.Union([Type.Literal('EdDSA'), Type.Literal('ES256')], {
    default: 'EdDSA',
    description:
      'Signature algorithm of access tokens. Keys of the other algorithm are published and accepted, but never sign.',
    examples: ['ES256'],
  }),
  ACCESS_TOKEN_TTL: seconds({ ...DURATIONS.accessTtl, description: 'Lifetime of an access token.' }),
}
