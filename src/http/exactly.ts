import { type TSchema, Type } from 'typebox'

/** An object that has these members and no others. */
export const Exactly = <P extends Record<string, TSchema>>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })
