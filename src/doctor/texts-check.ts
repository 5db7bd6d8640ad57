import { parseScenarios } from '../providers/development/scenarios.ts'
import type { Settings } from '../settings/schema.ts'
import { domainOf } from '../start/issuer.ts'
import { createTextsFor } from '../start/texts.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** Checks the texts of messages as the server does at the start. */
export const checkTexts = (settings: Settings): Finding[] => {
  try {
    const { locales, leftOut } = createTextsFor(settings, domainOf(settings))
    const found = `Every text fits one segment, in ${locales.length} languages.`
    return [
      leftOut.length === 0
        ? ok('the texts', found)
        : warning(
            'the texts',
            `${found} Languages that are too long are omitted: ${leftOut.join(', ')}.`,
            'List the languages that you need in SMS_LOCALES.',
          ),
    ]
  } catch (error) {
    return [
      fault(
        'the texts',
        (error as Error).message.replaceAll(/\s*\n\s*/g, ' '),
        'Correct SERVICE_NAME, SMS_DOMAIN, SMS_LOCALES or the file.',
      ),
    ]
  }
}

const FORTNIGHT = 14 * 86_400_000

/** Checks the last days of scenario numbers, because the server does not start after them. */
export const checkScenarios = (settings: Settings, now: number): Finding[] => {
  const { numbers } = parseScenarios(settings.SCENARIO_NUMBERS, { codeLength: settings.CODE_LENGTH, strict: true, now })
  return numbers.map(({ phone, until }) =>
    Date.parse(until!) - now < FORTNIGHT
      ? warning(
          'SCENARIO_NUMBERS',
          `${phone} is valid until ${until}; after that day the server does not start with it.`,
          'Remove it, or set a later day.',
        )
      : ok('SCENARIO_NUMBERS', `${phone} is valid until ${until}; its account must not hold real data.`),
  )
}
