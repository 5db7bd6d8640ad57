import { type TSchema, Type } from 'typebox'
import { UUID } from '../core/uuid.ts'

/** Returns the schema of a success response with its description and headers for the OpenAPI document. */
export const answer = <S extends TSchema>(description: string, schema: S, headers?: Record<string, object>) => ({
  ...schema,
  'x-response-description': description,
  ...(headers && { headers }),
})

/** Returns the schema of a UUID. */
export const Id = (description: string) =>
  Type.String({
    // Not `format`, which accepts upper and lower case.
    minLength: 36,
    maxLength: 36,
    pattern: UUID,
    description,
    examples: ['0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11'],
  })

/** Returns the schema of a timestamp (RFC 3339). */
export const Timestamp = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2026-11-24T10:00:00.000Z'] })

/** Returns the schema of a duration in seconds. */
export const Seconds = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description: `${description}, in seconds.`, examples: [example] })

/** The schema of a client's name; null if the client sent none. */
export const ClientName = Type.Union([Type.String(), Type.Null()], {
  description: 'The name of the client: its `device_name`, or its `User-Agent`.',
  examples: ['Kitchen phone'],
})

/** The schema of a client's address. */
export const ClientAddress = Type.String({
  description: 'The IP address of the last use.',
  examples: ['203.0.113.7'],
})

/** The schema of an authentication context class. */
export const Acr = Type.Enum(['aal1', 'aal2'], {
  title: 'Acr',
  description:
    'The assurance level of the login, as `acr` in access tokens: `aal2` with both factors, `aal1` with one.',
  examples: ['aal2'],
})
