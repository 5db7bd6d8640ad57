import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { EXAMPLE_ISSUER } from '../http/openapi/docs.ts'
import { JWKS_MAX_AGE } from '../keys/rotation.ts'
import { CACHED, CachedHeaders, NOT_MODIFIED } from './cached.ts'
import { problems } from './problems/schemas.ts'
import type { Route } from './route.ts'
import { Acr, answer } from './schemas.ts'

const None = (what: string) =>
  Type.Array(Type.String(), { maxItems: 0, description: `None: this service has no ${what}.`, examples: [[]] })

const EXAMPLE = {
  issuer: EXAMPLE_ISSUER,
  jwks_uri: `${EXAMPLE_ISSUER}/.well-known/jwks.json`,
  access_token_signing_alg_values_supported: ['EdDSA'],
  acr_values_supported: ['aal1', 'aal2'],
  response_types_supported: [],
  grant_types_supported: [],
  service_documentation: `${EXAMPLE_ISSUER}/docs`,
}

const Metadata = Exactly(
  {
    issuer: Type.String({ description: '`iss` of every token.', examples: [EXAMPLE.issuer] }),
    jwks_uri: Type.String({ description: 'Where the public signing keys are.', examples: [EXAMPLE.jwks_uri] }),
    access_token_signing_alg_values_supported: Type.Array(Type.Enum(['EdDSA', 'ES256']), {
      description: 'The algorithms of the keys in that list; each key has one.',
      examples: [EXAMPLE.access_token_signing_alg_values_supported],
    }),
    acr_values_supported: Type.Array(Acr, {
      description: 'What `acr` in an access token may be.',
      examples: [EXAMPLE.acr_values_supported],
    }),
    response_types_supported: None('authorization endpoint'),
    grant_types_supported: None('token endpoint'),
    service_documentation: Type.String({
      description: 'Pages for people.',
      examples: [EXAMPLE.service_documentation],
    }),
  },
  {
    title: 'AuthorizationServer',
    description: 'What verifiers of our tokens need to know (RFC 8414).',
    examples: [EXAMPLE],
  },
)

/** The path of an issuer, where it can stand in a route. */
const PLAIN_PATH = /^(?:\/[\w.~-]+)+$/

/**
 * `GET /.well-known/oauth-authorization-server`: where our keys are and what our tokens are signed by (RFC 8414). There is
 * no OAuth here: no grant, no response type, hence no endpoint for either. Both lists are given though they are empty
 * (§3.2 would have them left out), for §2 demands the one, and without the other a reader assumes two grants.
 *
 * `GET /.well-known/openid-configuration` answers the same, for verifiers that ask nowhere else. Of an issuer with a path
 * RFC 8414 §3.1 asks for both with that path behind them.
 */
export const authorizationServer: Route = (app, { issuer, keys }) => {
  const metadata = () => ({
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    access_token_signing_alg_values_supported: [...new Set(keys().map(({ alg }) => alg))].sort(),
    acr_values_supported: ['aal1' as const, 'aal2' as const],
    response_types_supported: [],
    grant_types_supported: [],
    service_documentation: `${issuer}/docs`,
  })
  const { pathname } = new URL(issuer)
  for (const { url, ...about } of [
    {
      url: '/.well-known/oauth-authorization-server',
      operationId: 'getAuthorizationServer',
      summary: 'What verifiers of our tokens need to know',
      description:
        'Authorization server metadata (RFC 8414), for libraries that find the keys by the issuer alone. This is no OAuth server: tokens come from `POST /login` and `POST /verify`.',
    },
    {
      url: '/.well-known/openid-configuration',
      operationId: 'getOpenidConfiguration',
      summary: 'The same, where OpenID Connect has it',
      description:
        'The same metadata, for libraries that look for it only here. This is not an OpenID provider: there are no ID tokens.',
    },
  ]) {
    const route = {
      method: 'GET',
      config: { keptFor: JWKS_MAX_AGE },
      schema: {
        ...about,
        tags: ['Discovery'],
        headers: CachedHeaders,
        response: {
          200: answer('The metadata.', Metadata, CACHED),
          304: NOT_MODIFIED,
          ...problems(),
        },
      },
      handler: async () => metadata(),
    } as const
    app.route({ ...route, url })
    if (PLAIN_PATH.test(pathname)) {
      app.route({ ...route, url: `${url}${pathname}`, schema: { ...route.schema, hide: true } })
    }
  }
}
