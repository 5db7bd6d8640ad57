import { userChange } from './user-change.ts'

/** `POST /admin/users/:id/enable` enables a disabled user. */
export const enableUser = userChange({
  action: 'enable',
  operationId: 'enableUser',
  summary: 'Enable a user',
  description: 'Allows the user to log in again. Sessions and devices that were ended are not restored.',
  apply: (users, userId) => users.setDisabled({ userId }, false),
})
