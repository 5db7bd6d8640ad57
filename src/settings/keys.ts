import { Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import { seconds } from './types.ts'

/** The settings of secrets, signing keys and the tokens that they sign. A part of `SettingsSchema`. */
export const KEY_SETTINGS = {
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
}
