import { Type } from 'typebox'

/** Settings of the state that instances share: Postgres and Redis. A part of `SettingsSchema`. */
export const DATABASE_SETTINGS = {
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      form: 'an address that starts with postgres://',
      description:
        'URL of Postgres 15 or later; `PG…` variables are not read. TLS and CA: `docs/going-to-production.md`. Outside production the server starts an embedded Postgres if not set.',
      examples: ['postgres://doorcode@db.example.com/doorcode'],
      required: true,
      secret: true,
    }),
  ),
  DATABASE_POOL_SIZE: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 100,
    description: 'Maximum number of database connections of one instance.',
    examples: [10],
  }),
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?://',
      form: 'an address that starts with redis:// or rediss://',
      description: 'URL of Redis or Valkey. Several instances use it to count requests per address together.',
      examples: ['redis://cache.example.com:6379'],
      secret: true,
    }),
  ),
}
