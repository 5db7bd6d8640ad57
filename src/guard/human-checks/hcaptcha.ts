/** hCaptcha, as https://docs.hcaptcha.com described it in November 2026: "Verify the User Response Server Side". */
import { defineCaptcha } from './captcha.ts'

/** hCaptcha. Tokens are valid for 120 s and once, which hCaptcha sees to. */
export const hcaptcha = defineCaptcha({
  name: 'hcaptcha',
  document: { url: 'https://docs.hcaptcha.com/', version: 'read in November 2026' },
  provider: 'hCaptcha',
  url: 'https://api.hcaptcha.com/siteverify',
  siteKey: {
    description: 'The site key of your hCaptcha site, which every client sees.',
    example: '12345678-90ab-cdef-1234-567890abcdef',
  },
  secret: {
    description: 'A secret of the account that the site key belongs to.',
    example: 'the-secret-of-your-account',
  },
  comparesSiteKey: true,
  // hCaptcha names no limit; `POST /login` takes no longer ones.
  longest: 4_096,
})
