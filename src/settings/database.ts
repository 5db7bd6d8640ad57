import { Type } from 'typebox'

/** The settings of what instances share: Postgres, and Redis where there is one. A part of `SettingsSchema`. */
export const DATABASE_SETTINGS = {
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      form: 'an address that starts with postgres://',
      description:
        'Postgres 15 or later; `PG…` variables are not read. TLS and CA: `docs/going-to-production.md`. Outside production an embedded one is started when it is not set.',
      examples: ['postgres://doorcode@db.example.com/doorcode'],
      required: true,
      secret: true,
    }),
  ),
  DATABASE_POOL_SIZE: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 100,
    description: 'The most connections one instance holds.',
    examples: [10],
  }),
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?://',
      form: 'an address that starts with redis:// or rediss://',
      description: 'Redis or Valkey, where several instances count requests per address together.',
      examples: ['redis://cache.example.com:6379'],
      secret: true,
    }),
  ),
}
