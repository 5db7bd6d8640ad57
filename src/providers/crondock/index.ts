/**
 * CronDock, the SMS provider of the tutorial behind this project. It has no published reference, so the request is that
 * of the tutorial.
 */
import { Type } from 'typebox'
import { interpretFailure, isObject } from '../../http-client/client.ts'
import { accepted, isSuccess, UNREADABLE } from '../answers.ts'
import { defineProvider, type Interpret } from '../define-provider.ts'
import { secretSetting, urlSetting } from '../settings.ts'

/** Returns true if an error member contains errors; `null`, `[]` and `{}` contain none. */
const reports = (errors: unknown): boolean =>
  typeof errors === 'object' && errors !== null ? Object.keys(errors).length > 0 : Boolean(errors)

/** Interprets a success with an error as not sent, and an unreadable success as possibly sent. */
const interpret: Interpret = ({ id, message_id, error, errors, success, status }, answer) => {
  if (!isSuccess(answer)) return interpretFailure(answer)
  if (!isObject(answer.json)) return UNREADABLE
  return reports(error) || reports(errors) || success === false || status === 'error'
    ? { outcome: 'failed', reason: `error in the body of HTTP ${answer.status}` }
    : accepted(id ?? message_id)
}

/** The definition of CronDock. */
export const crondockProvider = defineProvider({
  name: 'crondock',
  real: true,
  document: { url: 'https://crondock.com', version: 'no published reference; as the tutorial uses it' },
  channels: ['sms'],
  settings: Type.Object({
    CRONDOCK_API_KEY: secretSetting('API key of your CronDock account.', 'the key shown in your account'),
    CRONDOCK_URL: urlSetting('https://api.crondock.com/run/sms/', 'The URL of CronDock for messages.'),
  }),
  api: ({ CRONDOCK_URL: url, CRONDOCK_API_KEY: key }) => ({ url, authorization: `Api-Key ${key}` }),
  requests: () => ({
    sms: ({ to, text }) => ({ path: '', json: { data: { to_phone: to.slice(1), body: text } } }),
  }),
  interpret,
})
