import { Type } from 'typebox'

/** The settings of the admin API. A part of `SettingsSchema`. */
export const ADMIN_SETTINGS = {
  ADMIN_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description: 'Port of the admin API (`docs/admin-api.md`). The admin API is off if not set.',
      examples: [3001],
    }),
  ),
  ADMIN_HOST: Type.String({
    default: '127.0.0.1',
    description: 'Address that the admin API listens on. Choose one that only your backends can reach.',
    examples: ['10.0.0.5'],
  }),
}
