/**
 * Turnstile, API v0, as https://developers.cloudflare.com/turnstile described it in November 2026: "Validate the token".
 */
import { Type } from 'typebox'
import { defineHumanCheck } from './check.ts'
import { createSiteverify } from './siteverify.ts'

/** Cloudflare's Turnstile. Tokens are valid for 300 s and once, which Cloudflare sees to. */
export const turnstile = defineHumanCheck({
  name: 'turnstile',
  document: {
    url: 'https://developers.cloudflare.com/turnstile/get-started/server-side-validation/',
    version: 'v0, read in November 2026',
  },
  settings: Type.Object({
    TURNSTILE_SITE_KEY: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'The site key of your Turnstile widget, which every client sees.',
      examples: ['0x4AAAAAAAexamplesitekey'],
    }),
    TURNSTILE_SECRET: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'The secret key of that widget.',
      examples: ['the-secret-key-of-the-widget'],
      secret: true,
    }),
    TURNSTILE_HOSTNAME: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9.-]{1,253}$',
        description: 'The host that the widget is shown on; tokens from any other fail. Any host if not set.',
        examples: ['app.example.com'],
      }),
    ),
    TURNSTILE_URL: Type.String({
      default: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
      pattern: '^https?://[^\\s/]+',
      description: 'Where Cloudflare says whether a token is good.',
      examples: ['https://challenges.cloudflare.com/turnstile/v0/siteverify'],
    }),
  }),
  create: (settings, { transport }) => ({
    name: 'turnstile',
    challenge: () => ({ kind: 'turnstile', site_key: settings.TURNSTILE_SITE_KEY }),
    verify: createSiteverify({
      transport,
      url: settings.TURNSTILE_URL,
      secret: settings.TURNSTILE_SECRET,
      hostname: settings.TURNSTILE_HOSTNAME,
      longest: 2_048,
    }),
  }),
})
