import { type TSchema, Type } from 'typebox'

/** Returns the schema of an object that accepts no other members. */
export const Exactly = <P extends Record<string, TSchema>>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })
