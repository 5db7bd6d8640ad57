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
    kty: Type.String({ description: 'The key type.', examples: [EXAMPLE.kty] }),
    crv: Type.String({ description: 'The curve.', examples: [EXAMPLE.crv] }),
    x: Type.String({ description: 'The public key, or its x coordinate, in base64url.', examples: [EXAMPLE.x] }),
    y: Type.Optional(
      Type.String({
        description: 'The y coordinate in base64url, for ES256.',
        examples: ['x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'],
      }),
    ),
    kid: Type.String({
      description: 'The key id. Tokens have the id of their key in the header.',
      examples: [EXAMPLE.kid],
    }),
    alg: Type.String({ description: 'The algorithm of the key.', examples: [EXAMPLE.alg] }),
    use: Type.Literal('sig', { description: 'The use of the key: signatures.' }),
  },
  { title: 'Jwk', description: 'A public key (RFC 7517).', examples: [EXAMPLE] },
)

const JwkSet = Exactly(
  { keys: Type.Array(Jwk, { description: 'The public keys. A token names its key in the header `kid`.' }) },
  { title: 'JwkSet', description: 'A JSON Web Key Set (RFC 7517 §5).', examples: [{ keys: [EXAMPLE] }] },
)

/** `GET /.well-known/jwks.json` returns the public keys that verify access tokens (RFC 7517). */
export const jwks: Route = (app, { keys }) => {
  app.route({
    method: 'GET',
    url: '/.well-known/jwks.json',
    config: { maxAge: JWKS_MAX_AGE },
    schema: {
      operationId: 'getJwks',
      tags: ['Discovery'],
      summary: 'Get the public signing keys',
      description: `The public keys that verify access tokens, as a JWK Set (RFC 7517). A new key is published ${durationInWords(PUBLISH_DELAY)} before it signs its first token. A replaced key stays until its last token has expired. Cache the list for its \`max-age\`, and fetch it again when a token names an unknown key.`,
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
