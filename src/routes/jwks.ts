import { Type } from 'typebox'
import { durationInWords } from '../core/quantity.ts'
import { Exactly } from '../http/exactly.ts'
import { JWKS_MAX_AGE, PUBLISH_DELAY } from '../keys/rotation.ts'
import { CACHED, CachedHeaders, NOT_MODIFIED } from './cached.ts'
import { problems } from './problems/schemas.ts'
import type { Route } from './route.ts'
import { answer } from './schemas.ts'

const EXAMPLE = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  alg: 'EdDSA',
  use: 'sig',
}

const Jwk = Exactly(
  {
    kty: Type.String({ description: 'The family of the key.', examples: [EXAMPLE.kty] }),
    crv: Type.String({ description: 'Its curve.', examples: [EXAMPLE.crv] }),
    x: Type.String({ description: 'The public key, or its first coordinate; base64url.', examples: [EXAMPLE.x] }),
    y: Type.Optional(
      Type.String({
        description: 'The second coordinate, for ES256; base64url.',
        examples: ['x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'],
      }),
    ),
    kid: Type.String({
      description: 'Its name, as tokens signed with it have it in their header.',
      examples: [EXAMPLE.kid],
    }),
    alg: Type.String({ description: 'The one algorithm that it serves for.', examples: [EXAMPLE.alg] }),
    use: Type.Literal('sig', { description: 'It signs.' }),
  },
  { title: 'Jwk', description: 'A public key (RFC 7517).', examples: [EXAMPLE] },
)

const JwkSet = Exactly(
  { keys: Type.Array(Jwk, { description: 'The keys; a token names its own by `kid`.' }) },
  { title: 'JwkSet', description: 'A JSON Web Key Set (RFC 7517 §5).', examples: [{ keys: [EXAMPLE] }] },
)

/** `GET /.well-known/jwks.json`: the keys that access tokens are verified with (RFC 7517). */
export const jwks: Route = (app, { keys }) => {
  app.route({
    method: 'GET',
    url: '/.well-known/jwks.json',
    config: { keptFor: JWKS_MAX_AGE },
    schema: {
      operationId: 'getJwks',
      tags: ['Discovery'],
      summary: 'The public signing keys',
      description: `What access tokens are verified with, in the form that every library reads (RFC 7517). A new key is in the list for ${durationInWords(PUBLISH_DELAY)} before the first token is signed with it, and a former one until its last token has expired: keep the list for its \`max-age\`, and fetch it again when a token names a key that is not in it.`,
      headers: CachedHeaders,
      response: {
        200: answer('The keys.', JwkSet, CACHED),
        304: NOT_MODIFIED,
        ...problems(),
      },
    },
    handler: async () => ({ keys: [...keys()] }),
  })
}
