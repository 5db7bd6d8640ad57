import { Problem } from '../../errors.ts'

/** The pattern that the database accepts as a language. */
const LOCALE = /^[A-Za-z0-9-]{2,35}$/

/**
 * Returns a language (BCP 47) in its canonical form, such as `pt-BR` for `PT-br`. Throws `validation_failed` for other
 * text.
 */
export const canonicalLocale = (written: string): string => {
  try {
    const locale = new Intl.Locale(written).toString()
    if (LOCALE.test(locale)) return locale
  } catch {}
  throw new Problem('validation_failed', {
    errors: [{ path: '/locale', message: 'is not a language tag (BCP 47). For example: pt-BR' }],
  })
}
