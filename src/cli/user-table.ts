import type { UserSummary } from '../core/account/admin-ports.ts'
import { columns, timeOf } from './table.ts'

const HEAD = ['USER', 'PHONE', 'LANGUAGE', 'STATE']

const stateOf = ({ disabled, factors }: UserSummary, now: Date): string => {
  const lockedUntil = factors.map((factor) => factor.lockedUntil).find((moment) => moment && moment > now)
  const reasons = [
    disabled && 'disabled',
    factors.some((factor) => factor.disabled) && 'factor disabled',
    lockedUntil && `locked until ${timeOf(lockedUntil)}`,
  ].filter(Boolean)
  return reasons.join(', ') || 'active'
}

/** Formats users as a table, one a line, with every reason that prevents a login. */
export const userTable = (users: readonly UserSummary[], now: Date): string =>
  columns(
    HEAD,
    users.map((user) => [user.username, user.phone ?? '-', user.locale ?? '-', stateOf(user, now)]),
  )
