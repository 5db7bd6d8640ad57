import { Type } from 'typebox'
import { defineHumanCheck, type HumanCheckDefinition } from './check.ts'
import { createSiteverify } from './siteverify.ts'

/** A captcha whose tokens are verified by `siteverify`. */
export interface Captcha {
  /** The name in lower case. In capitals it is the prefix of its settings. */
  name: string
  document: { url: string; version: string }
  /** The provider's name in the description of its address. */
  provider: string
  /** The default URL of `siteverify`. */
  url: string
  siteKey: { description: string; example: string }
  secret: { description: string; example: string }
  /** True when `siteverify` compares the site key. Otherwise tokens of the account's other sites would pass. */
  comparesSiteKey: boolean
  /** Longest token, in characters. */
  longest: number
}

const VISIBLE = '^[\\x21-\\x7e]+$'

/** Makes the human check of a captcha: its four settings, its challenge, and the request that verifies a token. */
export const defineCaptcha = (captcha: Captcha): HumanCheckDefinition => {
  const { name, document, provider, url, siteKey, secret, comparesSiteKey, longest } = captcha
  const prefix = name.toUpperCase()
  return defineHumanCheck({
    name,
    document,
    settings: Type.Object({
      [`${prefix}_SITE_KEY`]: Type.String({
        pattern: VISIBLE,
        description: siteKey.description,
        examples: [siteKey.example],
      }),
      [`${prefix}_SECRET`]: Type.String({
        pattern: VISIBLE,
        description: secret.description,
        examples: [secret.example],
        secret: true,
      }),
      [`${prefix}_HOSTNAME`]: Type.Optional(
        Type.String({
          pattern: '^[a-z0-9.-]{1,253}$',
          description: 'The host that shows the widget. Tokens from other hosts fail. Any host if not set.',
          examples: ['app.example.com'],
        }),
      ),
      [`${prefix}_URL`]: Type.String({
        default: url,
        pattern: '^https?://[^\\s/]+',
        description: `The URL at which ${provider} verifies tokens.`,
        examples: [url],
      }),
    }),
    create: (settings, { transport }) => {
      const setting = (name: string) => (settings as Record<string, string>)[`${prefix}_${name}`]
      return {
        name,
        challenge: () => ({ kind: name, site_key: setting('SITE_KEY')! }),
        verify: createSiteverify({
          transport,
          url: setting('URL')!,
          secret: setting('SECRET')!,
          siteKey: comparesSiteKey ? setting('SITE_KEY') : undefined,
          hostname: setting('HOSTNAME'),
          longest,
        }),
      }
    },
  })
}
