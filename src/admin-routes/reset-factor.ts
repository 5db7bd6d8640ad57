import { userChange } from './user-change.ts'

/** `POST /admin/users/:id/reset-factor`. */
export const resetFactor = userChange({
  action: 'reset-factor',
  operationId: 'resetFactor',
  summary: 'Reset the second factor',
  description:
    'Takes failures, lock and disablement off the factor, and ends what the user had begun: whoever tried codes must begin anew.',
  apply: (users, userId) => users.resetFactor({ userId }),
})
