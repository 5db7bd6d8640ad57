import { userChange } from './user-change.ts'

/** `POST /admin/users/:id/reset-factor` resets the second factor of a user. */
export const resetFactor = userChange({
  action: 'reset-factor',
  operationId: 'resetFactor',
  summary: 'Reset the second factor',
  description:
    'Clears the failures, the lock and the disabled state of the factor, and ends the pending logins, sessions and remembered devices of the user.',
  apply: (users, userId) => users.resetFactor({ userId }),
})
