/** hCaptcha, after https://docs.hcaptcha.com in November 2026: "Verify the User Response Server Side". */
import { defineCaptcha } from './captcha.ts'

/** The hCaptcha check. hCaptcha accepts each token once, for 120 s. */
export const hcaptcha = defineCaptcha({
  name: 'hcaptcha',
  document: { url: 'https://docs.hcaptcha.com/', version: 'read in November 2026' },
  provider: 'hCaptcha',
  url: 'https://api.hcaptcha.com/siteverify',
  siteKey: {
    description: 'The public site key of your hCaptcha site.',
    example: '12345678-90ab-cdef-1234-567890abcdef',
  },
  secret: {
    description: 'A secret of the account that the site key belongs to.',
    example: 'the-secret-of-your-account',
  },
  comparesSiteKey: true,
  // hCaptcha documents no limit; this one is that of `POST /login`.
  longest: 4_096,
})
