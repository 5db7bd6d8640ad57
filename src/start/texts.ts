import { createTexts, type TextOverrides, type Texts } from '../factors/sms/render-texts.ts'
import type { Settings } from '../settings/schema.ts'
import { readTextFileSync } from '../settings/text-file.ts'

const readOverrides = (path: string | undefined): TextOverrides => {
  if (path === undefined) return {}
  try {
    const overrides: unknown = JSON.parse(readTextFileSync(path))
    if (typeof overrides === 'object' && overrides !== null && !Array.isArray(overrides))
      return overrides as TextOverrides
    throw new Error('the file has no JSON object')
  } catch (error) {
    throw new Error(`SMS_TEXTS_FILE cannot be read: ${(error as Error).message}`)
  }
}

/** Creates the message texts for these settings. Throws one error with all faults of the texts. */
export const createTextsFor = (settings: Settings, domain: string): Texts =>
  createTexts({
    serviceName: settings.SERVICE_NAME,
    domain,
    codeLength: settings.CODE_LENGTH,
    overrides: readOverrides(settings.SMS_TEXTS_FILE),
    ...(settings.SMS_LOCALES.length > 0 && { locales: settings.SMS_LOCALES }),
    ...(settings.ANDROID_APP_HASH !== undefined && { androidAppHash: settings.ANDROID_APP_HASH }),
  })
