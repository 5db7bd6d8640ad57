import { Type } from 'typebox'
import type { Route } from './route.ts'
import { Exactly, problems } from './schemas.ts'

const Jwk = Exactly({
  kty: Type.String({ examples: ['OKP'] }),
  crv: Type.String({ examples: ['Ed25519'] }),
  x: Type.String(),
  y: Type.Optional(Type.String()),
  kid: Type.String(),
  alg: Type.String({ examples: ['EdDSA'] }),
  use: Type.Literal('sig'),
})

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
        200: { description: 'A JSON Web Key Set.', ...Exactly({ keys: Type.Array(Jwk) }) },
        ...problems(),
      },
    },
    handler: async () => ({ keys: [...keys] }),
  })
}
