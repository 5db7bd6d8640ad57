import { type TSchema, Type } from 'typebox'
import { UUID } from '../core/uuid.ts'

/** A success as the documents have it: what it means here, and the shape that it has. */
export const answer = <S extends TSchema>(description: string, schema: S, headers?: Record<string, object>) => ({
  ...schema,
  'x-response-description': description,
  ...(headers && { headers }),
})

/** The id of a thing. */
export const Id = (description: string) =>
  Type.String({
    // Not `format`, which leaves the case of the letters open.
    minLength: 36,
    maxLength: 36,
    pattern: UUID,
    description,
    examples: ['0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11'],
  })

/** A moment. */
export const Moment = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2026-11-24T10:00:00.000Z'] })

/** A time span. */
export const Seconds = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description: `${description}, in seconds.`, examples: [example] })

/** What a client called itself, if it did. */
export const Nameable = Type.Union([Type.String(), Type.Null()], {
  description: 'What the client calls itself: its `device_name`, or its `User-Agent`.',
  examples: ['Telephone in the kitchen'],
})

/** Where a client was. */
export const PlaceOfUse = Type.String({
  description: 'The address it was used from last.',
  examples: ['203.0.113.7'],
})

/** How a session was opened. */
export const Acr = Type.Enum(['aal1', 'aal2'], {
  title: 'Acr',
  description: 'How sure the login was, as `acr` in access tokens: `aal2` with both factors, `aal1` with one.',
  examples: ['aal2'],
})
