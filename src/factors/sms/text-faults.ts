import { segmentsOf } from './segments.ts'
import type { LocaleWords } from './texts.ts'

/** The longest message that an Android app's SMS Retriever reads, in bytes of UTF-8. */
const ANDROID_BYTES = 140

/** The UTF-16 units of one segment in UCS-2, the encoding with fewer characters. */
const UCS2_CAPACITY = 70

const CODE = '{code}'
const SERVICE = '{service}'

const countOf = (text: string, placeholder: string) => text.split(placeholder).length - 1

/** Returns the faults of a template, independent of the inserted values. */
const templateFaults = (where: string, template: unknown, placeholders: readonly string[]): string[] => {
  if (typeof template !== 'string') return [`${where} must be a text.`]
  const faults: string[] = []
  for (const placeholder of placeholders) {
    const count = countOf(template, placeholder)
    if (count !== 1) faults.push(`${where} must contain ${placeholder} once, not ${count} times.`)
  }
  for (const { 0: other, index } of template.matchAll(/\{[^}]*\}/g)) {
    if (!placeholders.includes(other))
      faults.push(`${where} has the unknown placeholder ${other} at character ${index + 1}.`)
  }
  const brace = /[{}]/.exec(template.replaceAll(/\{[^{}]*\}/g, (whole) => '_'.repeat(whole.length)))
  if (brace) faults.push(`${where} has an unmatched "${brace[0]}" at character ${brace.index + 1}.`)
  const control = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.exec(template)
  if (control) faults.push(`${where} has a line break or control character at character ${control.index + 1}.`)
  return faults
}

/** Returns the characters that force a text from GSM-7 to UCS-2, and their positions. */
const culprits = (text: string, beyondGsm: readonly string[]): string => {
  const shown = beyondGsm.slice(0, 5).map((character) => `"${character}" at character ${text.indexOf(character) + 1}`)
  return shown.length > 0 ? `, because of ${shown.join(', ')}` : ''
}

/** Returns the faults of one language's texts, with their places and the number of excess characters. */
export const faultsOf = (
  locale: string,
  { text, speech, speechLocale }: LocaleWords,
  /** Returns the complete messages of a template, with a code of full length. */
  fill: (text: string) => { browser: string; android: string | undefined },
): string[] => {
  const at = (member: string) => `"${locale}" ${member}`
  const faults = templateFaults(at('text'), text, [CODE, SERVICE])
  if (!Array.isArray(speech) || speech.length !== 2)
    faults.push(`${at('speech')} must be two phrases: before the code, and before it is said again.`)
  else {
    faults.push(...templateFaults(at('speech[0]'), speech[0], [SERVICE]))
    faults.push(...templateFaults(at('speech[1]'), speech[1], []))
  }
  try {
    if (!new Intl.Locale(speechLocale).region) faults.push(`${at('speechLocale')} must have a region, like en-US.`)
  } catch {
    faults.push(`${at('speechLocale')} is not a language tag. For example: en-US`)
  }
  if (faults.length > 0) return faults

  for (const [form, message] of Object.entries(fill(text))) {
    if (message === undefined) continue
    // A text that fits one UCS-2 segment needs no count. Counting is the slowest part of the check.
    if (message.length > UCS2_CAPACITY) {
      const { encoding, segments, units, capacity, beyondGsm } = segmentsOf(message)
      if (segments > 1) {
        faults.push(
          `${at('text')} (${form}) is ${units - capacity} characters too long for one segment: ${units} of ${capacity} in ${encoding}${culprits(message, beyondGsm)}.`,
        )
      }
    }
    const bytes = Buffer.byteLength(message)
    if (form === 'android' && bytes > ANDROID_BYTES) {
      faults.push(
        `${at('text')} (android) is ${bytes - ANDROID_BYTES} bytes too long for the SMS Retriever: ${bytes} of ${ANDROID_BYTES}.`,
      )
    }
  }
  return faults
}
