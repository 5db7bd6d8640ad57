/**
 * Turnstile, API v0, as https://developers.cloudflare.com/turnstile described it in November 2026: "Validate the token".
 */
import { defineCaptcha } from './captcha.ts'

/** Cloudflare's Turnstile. Tokens are valid for 300 s and once, which Cloudflare sees to. */
export const turnstile = defineCaptcha({
  name: 'turnstile',
  document: {
    url: 'https://developers.cloudflare.com/turnstile/get-started/server-side-validation/',
    version: 'v0, read in November 2026',
  },
  provider: 'Cloudflare',
  url: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
  siteKey: {
    description: 'The site key of your Turnstile widget, which every client sees.',
    example: '0x4AAAAAAAexamplesitekey',
  },
  secret: { description: 'The secret key of that widget.', example: 'the-secret-key-of-the-widget' },
  comparesSiteKey: false,
  longest: 2_048,
})
