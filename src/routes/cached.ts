import { Type } from 'typebox'
import { JWKS_MAX_AGE } from '../keys/rotation.ts'

/** What an answer that others may keep says of that, for the documents. */
export const CACHED = {
  'Cache-Control': { type: 'string', description: `\`public, max-age=${JWKS_MAX_AGE}\`.` },
  ETag: { type: 'string', description: 'Give it back in `If-None-Match`.' },
}

/** The headers of a request for what others may keep. */
export const CachedHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({
      description: 'The `ETag` of what you have: if it is still right, the answer is 304.',
      examples: ['"x4Zt"'],
    }),
  ),
})

/** The answer to a caller who has the same already. */
export const NOT_MODIFIED = Type.Null({ description: 'What `If-None-Match` names is still right.' })
