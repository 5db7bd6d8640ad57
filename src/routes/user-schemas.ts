import { Type } from 'typebox'
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../core/challenge/password.ts'
import { maskPhone, SHOWN_DIGITS } from '../core/delivery/phone.ts'
import { USERNAME_MAX_LENGTH } from '../core/login/username.ts'
import { countInWords } from '../core/quantity.ts'
import { CLEAN_TEXT } from '../core/typed-text.ts'

/** A name to log in with. */
export const Username = Type.String({
  minLength: 1,
  maxLength: USERNAME_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `1 to ${USERNAME_MAX_LENGTH} characters, no control characters; an e-mail address, for one. Case and width do not matter.`,
  examples: ['demo'],
})

/** A password to log in with. */
export const Password = Type.String({
  minLength: 1,
  maxLength: PASSWORD_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `1 to ${PASSWORD_MAX_LENGTH} characters, no control characters.`,
  examples: ['correct horse battery staple'],
})

/** A password to have from now on; how short it may be is said with the reason, in `password_rejected`. */
export const NewPassword = Type.String({
  minLength: 1,
  maxLength: PASSWORD_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters of any kind, and not one that many people have.`,
  examples: ['an older tale of four other words'],
})

/** A number as people write it. */
export const PhoneNumber = Type.String({
  minLength: 8,
  maxLength: 64,
  description:
    'A phone number with `+` and its country code. Spaces, hyphens, dots, slashes, parentheses, invisible marks, `tel:` and digits of any script are taken; it is stored, counted and sent to in one spelling, E.164.',
  examples: ['+12025550143'],
})

/** A language that messages are wanted in. */
export const Locale = Type.String({
  minLength: 2,
  maxLength: 35,
  pattern: '^[A-Za-z0-9-]{2,35}$',
  description: 'The language of messages to come (BCP 47).',
  examples: ['pt-BR'],
})

/** A phone number as it may be shown. */
export const MaskedPhone = Type.String({
  description: `The phone number, all but its last ${countInWords(SHOWN_DIGITS)} digits hidden.`,
  examples: [maskPhone('+12025550143')],
})
