import { Type } from 'typebox'
import { requestUrl } from './types.ts'

/** Settings of the events webhook. A part of `SettingsSchema`. */
export const EVENT_SETTINGS = {
  EVENTS_WEBHOOK_URL: Type.Optional(
    requestUrl('(?:[/?][^\\s#]*)?', {
      form: 'an https URL without user, password or #, or http to this machine',
      description:
        'URL that receives events (`docs/audit.md`): https, or http to this machine. Events are not sent if not set.',
      examples: ['https://ops.example.com/doorcode'],
    }),
  ),
  EVENTS_WEBHOOK_SECRET: Type.Optional(
    Type.String({
      pattern: '^whsec_[A-Za-z0-9+/]{32,}={0,2}$',
      form: 'whsec_ and base64 of 24 bytes or more',
      description: 'Key that signs events: the output of `echo whsec_$(openssl rand -base64 32)`.',
      examples: ['the output of: echo whsec_$(openssl rand -base64 32)'],
      secret: true,
    }),
  ),
}
