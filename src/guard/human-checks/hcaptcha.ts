/** hCaptcha, as https://docs.hcaptcha.com described it in November 2026: "Verify the User Response Server Side". */
import { Type } from 'typebox'
import { defineHumanCheck } from './check.ts'
import { createSiteverify } from './siteverify.ts'

/** hCaptcha. Tokens are valid for 120 s and once, which hCaptcha sees to. */
export const hcaptcha = defineHumanCheck({
  name: 'hcaptcha',
  document: { url: 'https://docs.hcaptcha.com/', version: 'read in November 2026' },
  settings: Type.Object({
    HCAPTCHA_SITE_KEY: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'The site key of your hCaptcha site, which every client sees.',
      examples: ['12345678-90ab-cdef-1234-567890abcdef'],
    }),
    HCAPTCHA_SECRET: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'A secret of the account that the site key belongs to.',
      examples: ['the-secret-of-your-account'],
      secret: true,
    }),
    HCAPTCHA_HOSTNAME: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9.-]{1,253}$',
        description: 'The host that the widget is shown on; tokens from any other fail. Any host if not set.',
        examples: ['app.example.com'],
      }),
    ),
    HCAPTCHA_URL: Type.String({
      default: 'https://api.hcaptcha.com/siteverify',
      pattern: '^https?://[^\\s/]+',
      description: 'Where hCaptcha says whether a token is good.',
      examples: ['https://api.hcaptcha.com/siteverify'],
    }),
  }),
  create: (settings, { transport }) => ({
    name: 'hcaptcha',
    challenge: () => ({ kind: 'hcaptcha', site_key: settings.HCAPTCHA_SITE_KEY }),
    verify: createSiteverify({
      transport,
      url: settings.HCAPTCHA_URL,
      secret: settings.HCAPTCHA_SECRET,
      // Without it, a token of any other site of the account would pass.
      siteKey: settings.HCAPTCHA_SITE_KEY,
      hostname: settings.HCAPTCHA_HOSTNAME,
      // hCaptcha names no limit; `POST /login` takes no longer ones.
      longest: 4_096,
    }),
  }),
})
