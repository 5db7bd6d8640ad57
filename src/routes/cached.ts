import { Type } from 'typebox'
import { JWKS_MAX_AGE } from '../keys/rotation.ts'

/** What an answer that others may keep says of that, for the documents. */
export const CACHED = {
  'Cache-Control': { type: 'string', description: `\`public, max-age=${JWKS_MAX_AGE}\`.` },
  ETag: { type: 'string', description: 'Give it back in `If-None-Match`.' },
}

/** The answer to a caller who has the same already. */
export const NOT_MODIFIED = Type.Null({ description: 'What `If-None-Match` names is still right.' })
