import { Type } from 'typebox'

const days = (options: { default: number; minimum: number; description: string }) =>
  Type.Integer({ ...options, maximum: 3_650, unit: 'days', examples: [options.default] })

/** For how long what is over is kept (`docs/retention.md`). A part of `SettingsSchema`. */
export const RETENTION_SETTINGS = {
  AUDIT_RETENTION: days({
    default: 90,
    minimum: 1,
    description: 'Days for which the audit trail keeps what was decided.',
  }),
  CHALLENGE_RETENTION: days({
    default: 1,
    minimum: 1,
    description: 'Days for which a challenge is kept after its code has expired.',
  }),
  SESSION_RETENTION: days({
    default: 7,
    minimum: 1,
    description: 'Days for which a session with its refresh tokens, or a remembered device, is kept after its end.',
  }),
  LEDGER_RETENTION: days({
    default: 90,
    minimum: 31,
    description:
      'Days for which the ledger of messages is kept. The guard looks back 30: who entered a code in that time is known to it.',
  }),
}
