import { parseScenarios } from '../providers/development/scenarios.ts'
import type { Settings } from '../settings/schema.ts'
import { domainOf } from '../start/issuer.ts'
import { createTextsFor } from '../start/texts.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** The texts of messages, as the server will check them when it starts. */
export const checkTexts = (settings: Settings): Finding[] => {
  try {
    const { locales, leftOut } = createTextsFor(settings, domainOf(settings))
    const found = `Every text fits one segment, in ${locales.length} languages.`
    return [
      leftOut.length === 0
        ? ok('the texts', found)
        : warning(
            'the texts',
            `${found} Left out as too long: ${leftOut.join(', ')}.`,
            'Name in SMS_LOCALES those that you need.',
          ),
    ]
  } catch (error) {
    return [
      fault(
        'the texts',
        (error as Error).message.replaceAll(/\s*\n\s*/g, ' '),
        'Mend SERVICE_NAME, SMS_DOMAIN, SMS_LOCALES or the file.',
      ),
    ]
  }
}

const FORTNIGHT = 14 * 86_400_000

/** Numbers at which no phone rings: the server refuses to start once the last day of one is past. */
export const checkScenarios = (settings: Settings, now: number): Finding[] => {
  const { numbers } = parseScenarios(settings.SCENARIO_NUMBERS, { codeLength: settings.CODE_LENGTH, strict: true, now })
  return numbers.map(({ phone, until }) =>
    Date.parse(until!) - now < FORTNIGHT
      ? warning(
          'SCENARIO_NUMBERS',
          `${phone} is served until ${until}, and after that day no server starts with it.`,
          'Remove it, or give it a later day.',
        )
      : ok('SCENARIO_NUMBERS', `${phone} is served until ${until}; its account must have nothing that matters.`),
  )
}
