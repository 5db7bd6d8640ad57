import { Type } from 'typebox'
import { JWKS_MAX_AGE } from '../keys/rotation.ts'
import { CACHED, NOT_MODIFIED } from './cached.ts'
import { problems } from './problem-schemas.ts'
import type { Route } from './route.ts'
import { Exactly } from './schemas.ts'

const Jwk = Exactly({
  kty: Type.String({ examples: ['OKP'] }),
  crv: Type.String({ examples: ['Ed25519'] }),
  x: Type.String(),
  y: Type.Optional(Type.String()),
  kid: Type.String(),
  alg: Type.String({ examples: ['EdDSA'] }),
  use: Type.Literal('sig'),
})

const EXAMPLE = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  alg: 'EdDSA',
  use: 'sig',
}

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
      description:
        'A new key is in the list for ten minutes before the first token is signed with it, and a former one until its last token has expired. So keep the list for its `max-age`, and fetch it again when a token names a key that is not in it.',
      response: {
        200: {
          description: 'A JSON Web Key Set.',
          headers: CACHED,
          ...Exactly({ keys: Type.Array(Jwk) }, { examples: [{ keys: [EXAMPLE] }] }),
        },
        304: NOT_MODIFIED,
        ...problems(),
      },
    },
    handler: async () => ({ keys: [...keys()] }),
  })
}
