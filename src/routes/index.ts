import { challenge } from './challenge.ts'
import { devOutbox } from './dev-outbox.ts'
import { health } from './health.ts'
import { jwks } from './jwks.ts'
import { login } from './login.ts'
import { me } from './me.ts'
import { problemPages } from './problem-pages.ts'
import { resend } from './resend.ts'
import type { Route } from './route.ts'
import { smsReceipts } from './sms-receipts.ts'
import { verify } from './verify.ts'

/** Every route. To add one: its file, and a line here. */
export const routes: readonly Route[] = [
  login,
  verify,
  resend,
  challenge,
  me,
  jwks,
  problemPages,
  smsReceipts,
  health,
  devOutbox,
]
