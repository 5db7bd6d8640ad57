/** The parts of a message that several providers need in the same form. */
import type { CodeMessage } from '../core/delivery/ports.ts'

/** Returns a number without its plus. */
export const withoutPlus = (number: string): string => number.replace(/^\+/, '')

/** Returns a locale in the form of WhatsApp: `pt_BR`. */
export const whatsappLocale = ({ locale }: CodeMessage): string => locale.replace('-', '_')

/**
 * Returns the components of a WhatsApp authentication template. It needs the code twice: for the text and for the copy
 * button.
 */
export const templateComponents = <I extends number | string>({ code }: CodeMessage, buttonIndex: I) => {
  const parameters = [{ type: 'text', text: code }]
  return [
    { type: 'body', parameters },
    { type: 'button', sub_type: 'url', index: buttonIndex, parameters },
  ]
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Escapes a text for the content of an element or the value of an attribute (XML 1.0 §2.4). */
const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** Returns the spoken phrases as TwiML or TeXML, with a second of silence after each. `voice` is a name of a voice. */
export const sayXml = ({ speech, speechLocale }: CodeMessage, voice?: string): string => {
  const say = `<Say${voice ? ` voice="${voice}"` : ''} language="${escapeXml(speechLocale)}">`
  const phrases = speech.map((phrase) => `${say}${escapeXml(phrase)}</Say><Pause length="1"/>`)
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${phrases.join('')}</Response>`
}

/** Returns the spoken phrases as SSML, with a second of silence after each. */
export const speakXml = ({ speech }: CodeMessage): string =>
  `<speak>${speech.map((phrase) => `${escapeXml(phrase)}<break time='1s'/>`).join('')}</speak>`
