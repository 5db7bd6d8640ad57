import { Type } from 'typebox'
import { requestUrl } from './types.ts'

/** The settings of the webhook that events are sent to. A part of `SettingsSchema`. */
export const EVENT_SETTINGS = {
  EVENTS_WEBHOOK_URL: Type.Optional(
    requestUrl('(?:[/?][^\\s#]*)?', {
      form: 'an https address without a name, a password or a # in it, or http to this machine',
      description: 'Where events are told (`docs/audit.md`): https, or http to this machine. Nowhere if not set.',
      examples: ['https://ops.example.com/doorcode'],
    }),
  ),
  EVENTS_WEBHOOK_SECRET: Type.Optional(
    Type.String({
      pattern: '^whsec_[A-Za-z0-9+/]{32,}={0,2}$',
      form: 'whsec_ and base64 of 24 bytes or more',
      description: 'What events are signed with: the output of `echo whsec_$(openssl rand -base64 32)`.',
      examples: ['the output of: echo whsec_$(openssl rand -base64 32)'],
      secret: true,
    }),
  ),
}
