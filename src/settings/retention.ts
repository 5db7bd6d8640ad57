import { Type } from 'typebox'

const days = (options: { default: number; minimum: number; description: string }) =>
  Type.Integer({ ...options, maximum: 3_650, unit: 'days', examples: [options.default] })

/** Settings for how long expired data is kept (`docs/retention.md`). A part of `SettingsSchema`. */
export const RETENTION_SETTINGS = {
  AUDIT_RETENTION: days({
    default: 90,
    minimum: 1,
    description: 'Retention of audit events.',
  }),
  CHALLENGE_RETENTION: days({
    default: 1,
    minimum: 1,
    description: 'Retention of a challenge after its code expires.',
  }),
  SESSION_RETENTION: days({
    default: 7,
    minimum: 1,
    description: 'Retention of an ended session with its refresh tokens, and of an ended remembered device.',
  }),
  LEDGER_RETENTION: days({
    default: 90,
    minimum: 31,
    description:
      'Retention of sends in the ledger. The guard needs 30 days: a user who entered a code in that time is a known user.',
  }),
}
