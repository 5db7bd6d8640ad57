const uuidOf = (digit: string) => `^${[8, 4, 4, 4, 12].map((length) => `${digit}{${length}}`).join('-')}$`

/** Pattern of a UUID in lower case, as the service writes each of them (RFC 9562 §4). */
export const UUID = uuidOf('[0-9a-f]')

/** Pattern of a UUID in upper or lower case. Postgres accepts both, and people and other programs may write either. */
export const TYPED_UUID = uuidOf('[0-9a-fA-F]')

const [written, typed] = [new RegExp(UUID), new RegExp(TYPED_UUID)]

/** Returns whether a value is a UUID as the service writes it. */
export const isUuid = (value: unknown): value is string => typeof value === 'string' && written.test(value)

/** Returns whether a value is a UUID in either case. */
export const isTypedUuid = (value: unknown): value is string => typeof value === 'string' && typed.test(value)
