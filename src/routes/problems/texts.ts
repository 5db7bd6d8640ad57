import { BODY_LIMIT, DEFAULT_LIMITS, PASSWORD_RULES } from '../../core/limits.ts'
import { countInWords, durationInWords } from '../../core/quantity.ts'
import type { ProblemCode } from '../../errors.ts'

/** The texts about a problem for three readers. Code is in backticks, except in `user`. */
export interface ProblemText {
  /** The cause, for any reader. */
  happened: string
  /** A message to show to the user unchanged: English, without technical terms. */
  user: string
  /** The next step for the developer of the client. */
  developer: string
}

const CLIENT_FAULT = 'Something went wrong in this app. Please try again later.'

/** The texts of every problem code. The problem pages and `docs/problems.md` are generated from them. */
export const PROBLEM_TEXTS: Readonly<Record<ProblemCode, ProblemText>> = {
  validation_failed: {
    happened:
      'A member of the request is missing, unknown or invalid. The request changed nothing and no attempt was counted.',
    user: 'Please check what you have entered.',
    developer:
      '`errors` lists the invalid members. `path` is a JSON pointer into the body, or begins with `/query`, `/headers` or `/params`; `message` describes the error. Unknown members are rejected and types are not converted: a code is the string `"012345"`, never a number. Show input errors beside the field. Fix all other errors in the client.',
  },
  malformed_json: {
    happened:
      'The body of the request could not be parsed: it is not valid JSON, it is not UTF-8, or an object has a duplicate member.',
    user: CLIENT_FAULT,
    developer:
      'Send one JSON object in UTF-8, as `JSON.stringify` writes it. Each member may occur once, and the names `__proto__` and `constructor` are rejected. `detail` reports a body that is not UTF-8 or has a duplicate member. An empty body is not valid JSON: if there is nothing to send, send `{}`.',
  },
  invalid_credentials: {
    happened:
      'The user name or the password is wrong, or the account is disabled. All cases get the same response, so that attackers cannot find out which user names exist.',
    user: 'The user name or the password is not right. Please try again.',
    developer: `Keep the user name, clear the password field and ask again. Do not retry automatically: after ${countInWords(PASSWORD_RULES.perAddress)} attempts for one user name from one address, calls get \`rate_limited\`. At \`POST /password\`, this problem means that the current password is wrong.`,
  },
  invalid_token: {
    happened: 'The token is missing, is of the wrong type for this route, or is no longer valid.',
    user: 'You are signed out. Please sign in again.',
    developer:
      'If an access token was rejected, get a new one at `POST /refresh` and repeat the call once. If the refresh token was rejected, the session has ended: start again at `POST /login`. Send access tokens, and the pending token of `GET /challenge`, in `Authorization: Bearer …`. Send all other tokens in the body. Send each token unchanged.',
  },
  invalid_code: {
    happened:
      'The code does not match the code that was sent last. The guess was counted for this challenge and for the account.',
    user: 'That code is not right. Please check it and try again.',
    developer:
      'Let the user enter the code again. `attempts_left` is the number of guesses that this challenge still accepts. At 0 the challenge has ended: start again at `POST /login`. After `POST /resend` only the newest code is valid, and earlier guesses still count.',
  },
  challenge_invalid: {
    happened:
      'The challenge of this pending token has ended: it expired, was used, was replaced by a newer login, or has no guesses left. All cases get the same response.',
    user: 'This code can no longer be used. Please sign in again to get a new one.',
    developer:
      'Delete the pending token and start again at `POST /login`. A repeated `POST /verify` also gets this problem if the response to the first call was lost, because the code is used.',
  },
  factor_disabled: {
    happened: `This account no longer accepts codes, because ${DEFAULT_LIMITS.failuresToDisable} wrong codes were entered in a row.`,
    user: 'Codes are switched off for this account. Please contact support.',
    developer:
      'Retries and waiting do not help. Show the user how to contact support. An operator enables the factor with `doorcode user reset-factor NAME` or `POST /admin/users/{id}/reset-factor`.',
  },
  forbidden: {
    happened: 'The request is not allowed. The reason is in `human_check`, `required` or `detail`.',
    user: 'This is not allowed now. You may need to complete one more check.',
    developer:
      'With `human_check`: let the user solve the check, and repeat the call with the solution in the member `human_check`. With `required: "aal2"`: log in again with `step_up`, and repeat the call with the new access token; `WWW-Authenticate` reports the same requirement (RFC 9470). With `required: "invite"`: ask the user for a valid invite. Otherwise `detail` gives the reason: the admin key lacks a scope, or registration is closed. At `/webhooks/sms`, this problem means that the signature of the receipt is missing or wrong.',
  },
  not_found: {
    happened: 'The route does not exist, or the session, device, user or problem in the path does not exist.',
    user: 'That could not be found.',
    developer:
      "Compare the method and the path with `/openapi.json`. Expired items and other users' items also return 404.",
  },
  method_not_allowed: {
    happened: 'The path exists, but does not support this method.',
    user: CLIENT_FAULT,
    developer:
      'Use one of the methods in the header `Allow`. The usual cause is a redirect that turned a `POST` into a `GET`: call the final URL, with https and without a trailing slash.',
  },
  idempotency_in_progress: {
    happened: 'An earlier call with the same `Idempotency-Key` is still running.',
    user: 'One moment please, this is still in progress.',
    developer:
      'Wait one second, then repeat the call with the same key and the same body. It gets the response of the first call. A new key would send a second message.',
  },
  username_taken: {
    happened:
      'Another account has this user name. At `POST /verify`, another user registered the name first by entering their code earlier.',
    user: 'This user name is taken. Please choose another one.',
    developer:
      'Let the user choose another name and call `POST /register` again. Names that differ only in case or width are the same name.',
  },
  payload_too_large: {
    happened: 'The body or the headers of the request exceed the size limit.',
    user: CLIENT_FAULT,
    developer: `No request to this API needs more than ${BODY_LIMIT / 1_024} KiB. Check for a field with unintended content, and for cookies of other apps on the same host.`,
  },
  unsupported_media_type: {
    happened: 'The `Content-Type` of the request is not JSON in UTF-8, or the body is compressed.',
    user: CLIENT_FAULT,
    developer:
      'Send `Content-Type: application/json` and no `Content-Encoding`. By default, `curl -d` and HTML forms send another type.',
  },
  destination_not_allowed: {
    happened:
      'No code can be sent to this phone number. Its country is not served, its number type cannot belong to a person, or a provider refused it permanently.',
    user: 'We cannot send a code to this phone number. Please use another one, or contact support.',
    developer:
      'Do not repeat the same call: it fails again. At a registration or a change of the number, let the user enter another number. If the number itself is invalid, `detail` gives the reason and, for some countries, a common mistake. At `POST /login`, try another `channel`, or ask an operator to change the number. Operators find the reason with `doorcode sms show NUMBER`. `SMS_COUNTRIES` and `SMS_VOIP` set the numbers that are served.',
  },
  idempotency_key_reused: {
    happened: 'This `Idempotency-Key` was already used for a different request.',
    user: CLIENT_FAULT,
    developer:
      'Create a new key for each user action, preferably a random UUID, and reuse it only to retry the same request. A different `channel` is a different request.',
  },
  password_rejected: {
    happened:
      'The new password is too short, too long, too common, found in a breach, or the same as the current one. `detail` gives the reason.',
    user: 'This password cannot be used. Please choose another one.',
    developer:
      'Show `detail`, one English sentence, beside the field and let the user choose another password. Do not require digits or capitals: they do not make a password harder to guess (SP 800-63B-4 §3.1.1.2).',
  },
  rate_limited: {
    happened:
      'There were too many requests from this address, too many password attempts, or too many codes for this user or number.',
    user: 'Too many attempts. Please wait a while, then try again.',
    developer:
      'Wait `retry_after` seconds before you repeat the call, and show the remaining time. If all your users connect through one proxy, the operator of this service must add the proxy to `TRUST_PROXY`. Otherwise all users count as one address.',
  },
  resend_cooldown: {
    happened: 'A code was sent to this user or number a moment ago and is still valid. No other code was sent.',
    user: 'We have just sent you a code. Please enter it, or wait a moment for another one.',
    developer:
      'Keep the current pending token, let the user enter the code, and offer a resend after `retry_after` seconds. If the token is lost, for example after a page reload, call `POST /login` again after that time.',
  },
  factor_locked: {
    happened: `Too many wrong codes were entered in a row. The account accepts no codes for ${durationInWords(DEFAULT_LIMITS.firstLock)}; each further lock lasts twice as long.`,
    user: 'Too many wrong codes. Please wait a while before you try again.',
    developer:
      'Show the remaining time from `retry_after`. A resend, a new login or another device does not shorten it. After that time, a correct code clears the lock. An operator can clear it with `doorcode user reset-factor NAME`.',
  },
  internal_error: {
    happened: 'The service failed because of an internal error.',
    user: 'Something went wrong on our side. Please try again later.',
    developer:
      'Report `instance` to the operator of the service: the log has the cause under the same id. Retry only calls that are safe to repeat: `POST /login` and `POST /resend` with their `Idempotency-Key`.',
  },
  service_unavailable: {
    happened: 'A part that the service depends on, such as its database, does not respond.',
    user: 'The service is not available for the moment. Please try again shortly.',
    developer:
      'Repeat the call after `retry_after` seconds, with the same `Idempotency-Key` if it had one. The code may already be used: if the repeated `POST /verify` returns `challenge_invalid`, start again at `POST /login`. `GET /health/ready` lists the unavailable parts in `missing`.',
  },
  overloaded: {
    happened:
      'The service received more requests than it can process, and this one would have waited too long. It changed nothing.',
    user: 'The service is busy right now. Please try again in a moment.',
    developer:
      'Repeat the call after `retry_after` seconds. If this happens often, the service needs more cores or instances, because password verification is slow by design.',
  },
  sms_unavailable: {
    happened:
      'No code was sent. The providers do not respond, the daily budget is used up, or messages to this country or prefix are blocked. Nothing was counted, and a code that was sent before is still valid.',
    user: 'We cannot send a code right now. Please try again later.',
    developer:
      'Repeat the call after `retry_after` seconds, or immediately with another `channel`. Operators list active blocks with `doorcode guard list`, and see the state of the providers at `GET /health/ready`.',
  },
}
