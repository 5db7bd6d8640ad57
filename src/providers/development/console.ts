import { Type } from 'typebox'
import { CHANNELS } from '../../core/delivery/ports.ts'
import { defineProvider } from '../define-provider.ts'
import { wordsOf } from '../provider.ts'

/** The development provider `console`, which prints each message instead of sending it. */
export const consoleProvider = defineProvider({
  name: 'console',
  real: false,
  channels: CHANNELS,
  settings: Type.Object({}),
  create: (_settings, { print, keep }) => ({
    name: 'console',
    channels: CHANNELS,
    async send(message) {
      const { to, channel } = message
      const body = wordsOf(message)
      print(`\n  ${channel === 'sms' ? 'SMS' : channel} to ${to}\n${body.replaceAll(/^/gm, '  | ')}\n`)
      keep({ to, channel, body, code: message.code })
      return { outcome: 'accepted' }
    },
  }),
})
