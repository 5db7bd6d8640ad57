/**
 * Turnstile, API v0, after https://developers.cloudflare.com/turnstile in November 2026: "Validate the token".
 */
import { defineCaptcha } from './captcha.ts'

/** The Turnstile check of Cloudflare. Cloudflare accepts each token once, for 300 s. */
export const turnstile = defineCaptcha({
  name: 'turnstile',
  document: {
    url: 'https://developers.cloudflare.com/turnstile/get-started/server-side-validation/',
    version: 'v0, read in November 2026',
  },
  provider: 'Cloudflare',
  url: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
  siteKey: {
    description: 'The public site key of your Turnstile widget.',
    example: '0x4AAAAAAAexamplesitekey',
  },
  secret: { description: 'The secret key of that widget.', example: 'the-secret-key-of-the-widget' },
  comparesSiteKey: false,
  longest: 2_048,
})
