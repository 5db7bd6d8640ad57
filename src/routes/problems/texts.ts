import { BODY_LIMIT, DEFAULT_LIMITS, PASSWORD_RULES } from '../../core/limits.ts'
import { countInWords, durationInWords } from '../../core/quantity.ts'
import type { ProblemCode } from '../../errors.ts'

/** What there is to say about a problem, to three people. Code stands in backticks, but for `user`. */
export interface ProblemText {
  /** What happened, for whoever wonders. */
  happened: string
  /** What to show to the user as it is, in English and without jargon. */
  user: string
  /** What the developer of the program that called should do. */
  developer: string
}

const OUR_APP = 'Something went wrong in this app. Please try again later.'

/** One entry a code; the problem pages and `docs/problems.md` are made of it. */
export const PROBLEM_TEXTS: Readonly<Record<ProblemCode, ProblemText>> = {
  validation_failed: {
    happened:
      'A member of the request is missing, unknown, or not as it must be. Nothing was done and nothing was counted.',
    user: 'Please check what you have entered.',
    developer:
      '`errors` lists the faults: `path` is a JSON pointer into the body, or begins with `/query`, `/headers` or `/params`, and `message` says what is wrong there. Unknown members are refused and no type is converted: a code is the string `"012345"`, never a number. Show what the user typed wrong beside its field; everything else is a mistake of the program.',
  },
  malformed_json: {
    happened:
      'The body of the request could not be read as JSON: it is not JSON, it is not UTF-8, or an object has a member twice.',
    user: OUR_APP,
    developer:
      'Send one JSON object in UTF-8, as `JSON.stringify` writes it, with each member once and none called `__proto__` or `constructor`. `detail` says so where the body is not UTF-8 or has a member twice. An empty body is no JSON: where nothing is to be said, send `{}`.',
  },
  invalid_credentials: {
    happened:
      'Nobody can log in with this user name and this password. An unknown name, a wrong password and an account that may not log in are answered alike, so that nobody finds out who has an account.',
    user: 'The user name or the password is not right. Please try again.',
    developer: `Keep the name, empty the field of the password and ask again. Do not repeat the call by yourself: after ${countInWords(PASSWORD_RULES.perAddress)} tries at one name from one address comes a wait (\`rate_limited\`). At \`POST /password\` it is the current password that is wrong.`,
  },
  invalid_token: {
    happened: 'The token is missing, is not of the kind that this route takes, or is no longer good.',
    user: 'You are signed out. Please sign in again.',
    developer:
      'If an access token was refused, get another one at `POST /refresh` and repeat the call once. If the refresh token was refused, the session is over: start again at `POST /login`. Access tokens, and the pending token of `GET /challenge`, go into `Authorization: Bearer …`; all others go into the body. Send each as it was issued.',
  },
  invalid_code: {
    happened:
      'The code is not the one that was sent last. The guess has been counted, against this challenge and against the account.',
    user: 'That code is not right. Please check it and try again.',
    developer:
      'Let the user type it again; `attempts_left` says how many guesses this challenge still allows. At 0 it is over: start again at `POST /login`. After `POST /resend` only the newest code is right, and the guesses already made still count.',
  },
  challenge_invalid: {
    happened:
      'The challenge that the pending token stands for is over: it has expired, was used, was replaced by a newer login, or has no guesses left. All of these are answered alike.',
    user: 'This code can no longer be used. Please sign in again to get a new one.',
    developer:
      'Forget the pending token and start again at `POST /login`. If the answer of `POST /verify` was lost on its way, repeating the call gives this too: the code is spent.',
  },
  factor_disabled: {
    happened: `This account takes no codes any more: ${DEFAULT_LIMITS.failuresToDisable} wrong ones were entered in a row.`,
    user: 'Codes are switched off for this account. Please contact support.',
    developer:
      'Neither another call nor waiting helps. Show how to reach whoever runs the service, who lifts it with `doorcode user reset-factor NAME` or at `POST /admin/users/{id}/reset-factor`.',
  },
  forbidden: {
    happened: 'The request is not allowed as it is. The reason is in `human_check`, in `required` or in `detail`.',
    user: 'That is not allowed, or needs one more check first.',
    developer:
      'With `human_check`: let the user solve it, and repeat the call with the solution as its member `human_check`. With `required: "aal2"`: log in again with `step_up`, and repeat the call with the new access token; the header `WWW-Authenticate` says the same (RFC 9470). With `required: "invite"`: ask the user for a valid invite. Else `detail` says what is missing: a scope of the admin key, or that registration is closed. A receipt of a delivery company lacks its signature.',
  },
  not_found: {
    happened: 'There is no such route; or the session, device, user or problem that the path names does not exist.',
    user: 'That could not be found.',
    developer:
      'Compare the method and the path with `/openapi.json`. What is over and what belongs to somebody else is answered like what never was.',
  },
  method_not_allowed: {
    happened: 'The path exists, but not with this method.',
    user: OUR_APP,
    developer:
      'Use one of the methods in the header `Allow`. A redirect that made a `GET` of a `POST` is the usual cause: call the final address, with https and without a slash at its end.',
  },
  idempotency_in_progress: {
    happened: 'An earlier call with the same `Idempotency-Key` is still at work.',
    user: 'One moment please, this is still in progress.',
    developer:
      'Repeat the call a second later with the same key and the same body: it gets the answer of the first one. A new key would send a second message.',
  },
  username_taken: {
    happened:
      'Somebody has this user name. At `POST /verify` somebody else who wanted it has entered their code earlier.',
    user: 'This user name is taken. Please choose another one.',
    developer:
      'Let the user choose another name and call `POST /register` again. Names that differ only in case or width are the same name.',
  },
  payload_too_large: {
    happened: 'The body of the request, or its headers, are longer than this route takes.',
    user: OUR_APP,
    developer: `No request of this API needs more than ${BODY_LIMIT / 1_024} KiB. Look for a field that was filled by mistake, and for cookies of other apps on the same host.`,
  },
  unsupported_media_type: {
    happened: 'The body of the request is not said to be JSON in UTF-8, or it is compressed.',
    user: OUR_APP,
    developer:
      'Send `Content-Type: application/json`, and no `Content-Encoding`. `curl -d` and HTML forms send another type unless they are told.',
  },
  destination_not_allowed: {
    happened:
      'No code can go to this phone number: its country is not served, it is of a kind that no person has, or a delivery company has refused it for good.',
    user: 'We cannot send a code to this phone number. Please use another one, or contact support.',
    developer:
      'The same call will not succeed. When registering or changing the number, let the user give another one. `detail` says why, where the number itself is the reason, and names the rule of its country that people often miss. At `POST /login` try another `channel`, or have an operator change the number. Operators find the reason with `doorcode sms show NUMBER`; `SMS_COUNTRIES` and `SMS_VOIP` say who is served.',
  },
  idempotency_key_reused: {
    happened: 'This `Idempotency-Key` was sent before, with another request.',
    user: OUR_APP,
    developer:
      'Make a new key, best a random UUID, for each thing that the user does, and keep it only while you repeat that very call. Also another `channel` makes another request.',
  },
  password_rejected: {
    happened:
      'The new password is too short or too long, is one that many people have, was found in a breach, or is the one in use. `detail` says which.',
    user: 'This password cannot be used. Please choose another one.',
    developer:
      'Show `detail`, one English sentence, beside the field and let the user choose another one. Demand no digits or capitals: they make no password harder to guess (SP 800-63B-4 §3.1.1.2).',
  },
  rate_limited: {
    happened:
      'Too many requests came from this address, too many passwords were tried, or too many codes were sent to this user or number.',
    user: 'Too many attempts. Please wait a while, then try again.',
    developer:
      'Wait for `retry_after` seconds before the same call, and show the time that is left. If all your users come by one proxy of yours, its operator must name it in `TRUST_PROXY`, or they count as one address.',
  },
  resend_cooldown: {
    happened: 'A code went to this user or number a moment ago, and is still good. No other one was sent.',
    user: 'We have just sent you a code. Please enter it, or wait a moment for another one.',
    developer:
      'Keep the pending token that you have, let the user enter the code, and offer another one after `retry_after` seconds. If the token is lost, as by a reload of the page, call `POST /login` again after that time.',
  },
  factor_locked: {
    happened: `Too many wrong codes were entered in a row, so that this account takes none for a while: ${durationInWords(DEFAULT_LIMITS.firstLock)}, and twice as long each further time.`,
    user: 'Too many wrong codes. Please wait a while before you try again.',
    developer:
      'Show the time from `retry_after`. No resend, new login or other device makes it shorter; a right code after it makes all good. An operator lifts it with `doorcode user reset-factor NAME`.',
  },
  internal_error: {
    happened: 'The service has a fault of its own.',
    user: 'Something went wrong on our side. Please try again later.',
    developer:
      'Report `instance` to whoever runs the service, whose log has the cause under the same id. Repeat a call only if it does no harm twice: `POST /login` and `POST /resend` with their `Idempotency-Key`.',
  },
  service_unavailable: {
    happened: 'Something that the service needs, such as its database, does not answer.',
    user: 'The service is not available for the moment. Please try again shortly.',
    developer:
      'Repeat the call after `retry_after` seconds, with the same `Idempotency-Key` if it had one. A code whose fate is unknown counts as used: if the repeated `POST /verify` says `challenge_invalid`, start again at `POST /login`. `GET /health/ready` names what is away in `missing`.',
  },
  overloaded: {
    happened: 'More requests came than can be worked on, and this one would have waited too long. Nothing was done.',
    user: 'The service is busy right now. Please try again in a moment.',
    developer:
      'Repeat the call after `retry_after` seconds. If it lasts, the service needs more cores or instances: checking a password is slow on purpose.',
  },
  sms_unavailable: {
    happened:
      'No code was sent: the delivery companies do not answer, the budget of the day is used up, or messages to this country or prefix are stopped. Nothing was used up, and a code sent before still works.',
    user: 'We cannot send a code right now. Please try again later.',
    developer:
      'Repeat the call after `retry_after` seconds, or at once with another `channel`. Operators see what is stopped with `doorcode guard list`, and how the companies do at `GET /health/ready`.',
  },
}
