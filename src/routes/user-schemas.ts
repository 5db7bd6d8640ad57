import { Type } from 'typebox'
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../core/challenge/password.ts'
import { maskPhone, SHOWN_DIGITS } from '../core/delivery/phone.ts'
import { USERNAME_MAX_LENGTH } from '../core/login/username.ts'
import { countInWords } from '../core/quantity.ts'
import { CLEAN_TEXT } from '../core/typed-text.ts'

/** The schema of a user name. */
export const Username = Type.String({
  minLength: 1,
  maxLength: USERNAME_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `1 to ${USERNAME_MAX_LENGTH} characters without control characters, for example an email address. Case and width are ignored.`,
  examples: ['demo'],
})

/** The schema of a current password. */
export const Password = Type.String({
  minLength: 1,
  maxLength: PASSWORD_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `1 to ${PASSWORD_MAX_LENGTH} characters without control characters.`,
  examples: ['correct horse battery staple'],
})

/** The schema of a new password. The minimum length is checked later, so that `password_rejected` gives the reason. */
export const NewPassword = Type.String({
  minLength: 1,
  maxLength: PASSWORD_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters of any kind. Common passwords are rejected.`,
  examples: ['an older tale of four other words'],
})

/** The schema of a phone number as users enter it. */
export const PhoneNumber = Type.String({
  minLength: 8,
  maxLength: 64,
  description:
    'A phone number with `+` and its country code. Spaces, hyphens, dots, slashes, parentheses, invisible characters, `tel:` and digits of any script are accepted. The number is normalized to E.164.',
  examples: ['+12025550143'],
})

/** The schema of a language for messages. */
export const Locale = Type.String({
  minLength: 2,
  maxLength: 35,
  pattern: '^[A-Za-z0-9-]{2,35}$',
  description: 'The language of messages to the user (BCP 47).',
  examples: ['pt-BR'],
})

/** The schema of a masked phone number. */
export const MaskedPhone = Type.String({
  description: `The phone number, masked except for its last ${countInWords(SHOWN_DIGITS)} digits.`,
  examples: [maskPhone('+12025550143')],
})
