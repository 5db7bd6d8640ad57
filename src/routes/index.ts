import { challenge } from './challenge.ts'
import { demo } from './demo.ts'
import { devOutbox } from './dev-outbox.ts'
import { devices } from './devices.ts'
import { discovery } from './discovery.ts'
import { health } from './health.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { me } from './me.ts'
import { password } from './password.ts'
import { phone } from './phone.ts'
import { problemPages } from './problem-pages.ts'
import { refresh } from './refresh.ts'
import { register } from './register.ts'
import { resend } from './resend.ts'
import type { Route } from './route.ts'
import { sessions } from './sessions.ts'
import { smsReceipts } from './sms-receipts.ts'
import { verify } from './verify.ts'

/** All routes. To add a route, add its file and a line here. */
export const routes: readonly Route[] = [
  login,
  verify,
  resend,
  challenge,
  refresh,
  logout,
  sessions,
  devices,
  me,
  register,
  password,
  phone,
  discovery,
  problemPages,
  smsReceipts,
  health,
  devOutbox,
  demo,
]
