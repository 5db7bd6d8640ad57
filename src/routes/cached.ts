import { Type } from 'typebox'
import { JWKS_MAX_AGE } from '../keys/rotation.ts'

/** The OpenAPI headers of a cacheable response. */
export const CACHED = {
  'Cache-Control': { type: 'string', description: `\`public, max-age=${JWKS_MAX_AGE}\`.` },
  ETag: { type: 'string', description: 'The version of the response. Send it back in `If-None-Match`.' },
}

/** The schema of the request headers for a cacheable response. */
export const CachedHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({
      description: 'The `ETag` of your copy. If the copy is current, the response is 304.',
      examples: ['"x4Zt"'],
    }),
  ),
})

/** The OpenAPI response for a caller whose copy is current. */
export const NOT_MODIFIED = Type.Null({ description: 'The copy named in `If-None-Match` is current.' })
