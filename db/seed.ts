import type { UserAdmin } from '../src/core/account/admin-ports.ts'
import { hashPassword } from '../src/passwords/argon2id.ts'

/** The demo user, which the first start outside production adds. The number is reserved for fiction. */
export const DEMO_USER = { username: 'demo', password: 'let me in please', phone: '+12025550143' } as const

/**
 * Adds the demo user, with a factor that sends to its number, to a database without users. Returns true when it added
 * the user.
 */
export const seedDemoUser = async (users: UserAdmin, factor: string): Promise<boolean> => {
  if ((await users.list()).length > 0) return false
  const { username, password, phone } = DEMO_USER
  return (await users.add({ username, passwordHash: await hashPassword(password), factor, phone })) !== undefined
}
