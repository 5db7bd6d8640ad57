import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { EXAMPLE_ISSUER } from '../http/openapi/docs.ts'
import { JWKS_MAX_AGE } from '../keys/rotation.ts'
import { CACHED, CachedHeaders, NOT_MODIFIED } from './cached.ts'
import { problems } from './problems/schemas.ts'
import type { Route } from './route.ts'
import { Acr, answer } from './schemas.ts'

const EmptyList = (endpoint: string) =>
  Type.Array(Type.String(), { maxItems: 0, description: `Empty: this service has no ${endpoint}.`, examples: [[]] })

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
    issuer: Type.String({ description: 'The issuer: `iss` of every token.', examples: [EXAMPLE.issuer] }),
    jwks_uri: Type.String({ description: 'The URL of the public signing keys.', examples: [EXAMPLE.jwks_uri] }),
    access_token_signing_alg_values_supported: Type.Array(Type.Enum(['EdDSA', 'ES256']), {
      description: 'The algorithms of the keys at `jwks_uri`; each key has one.',
      examples: [EXAMPLE.access_token_signing_alg_values_supported],
    }),
    acr_values_supported: Type.Array(Acr, {
      description: 'The possible values of `acr` in an access token.',
      examples: [EXAMPLE.acr_values_supported],
    }),
    response_types_supported: EmptyList('authorization endpoint'),
    grant_types_supported: EmptyList('token endpoint'),
    service_documentation: Type.String({
      description: 'The URL of the API reference.',
      examples: [EXAMPLE.service_documentation],
    }),
  },
  {
    title: 'AuthorizationServer',
    description: 'Authorization server metadata (RFC 8414), for services that verify access tokens.',
    examples: [EXAMPLE],
  },
)

/** An issuer path that can be part of a route. */
const PLAIN_PATH = /^(?:\/[\w.~-]+)+$/

/**
 * `GET /.well-known/oauth-authorization-server` returns the location and algorithms of the signing keys (RFC 8414).
 * The service implements no OAuth grant and no response type, so both lists are empty. They are present although §3.2
 * omits empty lists: §2 requires `response_types_supported`, and without `grant_types_supported` clients assume two grants.
 *
 * `GET /.well-known/openid-configuration` returns the same, for verifiers that look only there. If the issuer has a path,
 * both are also served with that path appended (RFC 8414 §3.1).
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
      summary: 'Get the authorization server metadata',
      description:
        'Authorization server metadata (RFC 8414), for libraries that find the signing keys by the issuer. This is not an OAuth server: tokens come from `POST /login` and `POST /verify`.',
    },
    {
      url: '/.well-known/openid-configuration',
      operationId: 'getOpenidConfiguration',
      summary: 'Get the same metadata at the OpenID Connect path',
      description:
        'The same metadata, for libraries that look for it only at this path. This is not an OpenID provider and issues no ID tokens.',
    },
  ]) {
    const route = {
      method: 'GET',
      config: { maxAge: JWKS_MAX_AGE },
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
