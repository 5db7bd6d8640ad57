import { ADMIN_KEY_MAX_DAYS, hashAdminKey, newAdminKey } from '../core/account/admin-key.ts'
import { ADMIN_SCOPES, type AdminKey, type AdminScope } from '../core/account/admin-ports.ts'
import { isTypedUuid } from '../core/uuid.ts'
import { createAdminKeyStore } from '../store/users/admin-keys.ts'
import { type Command, commandOf, readArgs, refuseNames, UsageError } from './command.ts'
import { withSchema } from './open-database.ts'
import { columns, timeOf } from './table.ts'

const NEW_OPTIONS = {
  name: { type: 'string' },
  scopes: { type: 'string' },
  days: { type: 'string', default: '90' },
} as const

/** The characters of a key name, restricted because logs and tables show it. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u

const isScope = (name: string): name is AdminScope => ADMIN_SCOPES.some((scope) => scope === name)

const scopesIn = (written: string): AdminScope[] => {
  const names = [...new Set(written.split(',').map((name) => name.trim()))]
  const scopes = names.filter(isScope)
  if (scopes.length < names.length)
    throw new UsageError(`--scopes accepts these, separated by commas: ${ADMIN_SCOPES.join(',')}`)
  return scopes
}

const add: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, NEW_OPTIONS)
  refuseNames('admin-key new', positionals)
  if (values.name === undefined || values.scopes === undefined) {
    throw new UsageError('"admin-key new" needs --name and --scopes. For example: --name billing --scopes users:read')
  }
  const { name } = values
  if (!NAME.test(name))
    throw new UsageError('--name must be up to 64 letters, digits, spaces, dots, hyphens and underscores.')
  const scopes = scopesIn(values.scopes)
  const days = /^\d{1,3}$/.test(values.days) ? Number(values.days) : 0
  if (days < 1 || days > ADMIN_KEY_MAX_DAYS) {
    throw new UsageError(`--days must be a number from 1 to ${ADMIN_KEY_MAX_DAYS}. For example: --days 90`)
  }

  const key = newAdminKey()
  await withSchema(world, async (database) => {
    const { keyId, expiresAt } = await createAdminKeyStore(database).add({
      name,
      scopes,
      hash: hashAdminKey(key),
      days,
    })
    // stdout has only the key, so that a pipe can store it.
    world.stdout.write(`${key}\n`)
    world.stderr.write(
      `The key ${keyId} has the scopes ${scopes.join(', ')} until ${timeOf(expiresAt)}. It is not shown again.\n`,
    )
  })
}

const HEAD = ['KEY', 'NAME', 'SCOPES', 'STATE', 'LAST USED']

const stateOf = ({ revokedAt, expiresAt }: AdminKey, now: Date): string => {
  if (revokedAt) return `revoked ${timeOf(revokedAt)}`
  return `${expiresAt <= now ? 'expired' : 'until'} ${timeOf(expiresAt)}`
}

/** Formats keys as a table with their scopes and expiry. */
const adminKeyTable = (keys: readonly AdminKey[], now: Date): string =>
  columns(
    HEAD,
    keys.map((key) => [
      key.keyId,
      key.name,
      key.scopes.join(','),
      stateOf(key, now),
      key.lastUsedAt ? timeOf(key.lastUsedAt) : 'never',
    ]),
  )

const list: Command = async (args, world) => {
  refuseNames('admin-key list', readArgs(args, {}).positionals)
  await withSchema(world, async (database) => {
    const keys = await createAdminKeyStore(database).list()
    world.stdout.write(keys.length > 0 ? adminKeyTable(keys, new Date()) : 'No keys exist.\n')
  })
}

const revoke: Command = async (args, world) => {
  const [id, ...others] = readArgs(args, {}).positionals
  // The error does not show the argument, because it may be the key itself.
  if (id === undefined || others.length > 0 || !isTypedUuid(id)) {
    throw new UsageError('"admin-key revoke" needs the id of one key; "admin-key list" shows the ids.')
  }
  await withSchema(world, async (database) => {
    if (!(await createAdminKeyStore(database).revoke(id)))
      throw new Error(`The key ${id} does not exist, or is revoked.`)
    world.stdout.write(`${id} has been revoked.\n`)
  })
}

/** The command `admin-key new|list|revoke`, which manages the keys of the admin API. */
export const adminKey = commandOf('admin keys', {
  new: add,
  list,
  revoke,
})
