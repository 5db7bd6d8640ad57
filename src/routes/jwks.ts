import { Type } from 'typebox'
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
export const jwks: Route = (app, { jwks: keys }) => {
  app.route({
    method: 'GET',
    url: '/.well-known/jwks.json',
    schema: {
      operationId: 'getJwks',
      tags: ['Discovery'],
      summary: 'The public signing keys',
      response: {
        200: {
          description: 'A JSON Web Key Set.',
          ...Exactly({ keys: Type.Array(Jwk) }, { examples: [{ keys: [EXAMPLE] }] }),
        },
        ...problems(),
      },
    },
    handler: async () => ({ keys: [...keys] }),
  })
}
