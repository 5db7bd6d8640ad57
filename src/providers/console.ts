import { Type } from 'typebox'
import { defineProvider } from './provider.ts'

/** Shows each message on the console instead of sending it: for development. */
export const consoleProvider = defineProvider({
  name: 'console',
  real: false,
  settings: Type.Object({}),
  create: (_settings, { print, keep }) => ({
    name: 'console',
    async send({ to, body }) {
      print(`\n  SMS to ${to}\n${body.replaceAll(/^/gm, '  | ')}\n`)
      keep({ to, body, sentAt: new Date().toISOString() })
      return { outcome: 'accepted' }
    },
  }),
})
