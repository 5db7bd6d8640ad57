import t from 'tap'
import { hashAdminKey } from '../../src/core/account/admin-key.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createAdminKeyStore } from '../../src/store/users/admin-keys.ts'
import { createTestDatabase, query } from '../support/postgres.ts'
import { runHere } from './tool.ts'

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/

t.test('prints a new key once, never lists it, and revokes it', async (t) => {
  const url = await createTestDatabase(t)
  const tool = (...args: string[]) => runHere(['admin-key', ...args], { env: { DATABASE_URL: url } })
  const database = createDatabase({ url, poolSize: 1, onIdleError: () => {} })
  t.teardown(() => database.close())
  const store = createAdminKeyStore(database)

  t.equal((await tool('list')).stdout, 'No keys exist.\n')
  const made = await tool('new', '--name', 'billing', '--scopes', 'users:read, sessions:write', '--days', '30')
  t.equal(made.code, 0)
  t.match(made.stdout, /^adm_[A-Za-z0-9_-]{43}\n$/, 'only the key is printed, for a pipe')
  t.match(made.stderr, /has the scopes users:read, sessions:write until \d{4}-.*not shown again/)
  const key = made.stdout.trim()
  t.match(await store.use(hashAdminKey(key)), {
    name: 'billing',
    scopes: ['users:read', 'sessions:write'],
    state: 'usable',
  })
  t.strictSame(await query(url, `select (expires_at - created_at)::text as life from admin_keys`), [
    { life: '30 days' },
  ])

  const listed = (await tool('list')).stdout
  t.match(listed, /billing +users:read,sessions:write +until \d{4}-\S+ +\d{4}-/)
  t.notOk(listed.includes(key.slice(4, 20)))
  const [id = ''] = ID.exec(listed) ?? []
  t.equal((await tool('revoke', id)).stdout, `${id} has been revoked.\n`)
  t.match(await store.use(hashAdminKey(key)), { state: 'revoked' })
  t.match((await tool('list')).stdout, /revoked \d{4}-/)
  t.match(await tool('revoke', id), { code: 1, stderr: `The key ${id} does not exist, or is revoked.\n` })
  await query(url, `update admin_keys set revoked_at = null, expires_at = now()`)
  t.match((await tool('list')).stdout, /expired \d{4}-/)
  t.match(await store.use(hashAdminKey(key)), { state: 'expired' })
})

t.test('rejects invalid arguments before the database is opened, and echoes no secret', async (t) => {
  const good = ['new', '--name', 'x', '--scopes', 'users:read']
  for (const [args, says] of [
    [[], /^Choose a subcommand for admin keys: new, list, revoke\./],
    [['new'], /needs --name and --scopes/],
    [['new', '--name', 'x'], /needs --name and --scopes/],
    [['new', '--name', '', '--scopes', 'users:read'], /^--name must be/],
    [['new', '--name', 'a\nb', '--scopes', 'users:read'], /^--name must be/],
    [['new', '--name', 'x', '--scopes', ''], /^--scopes accepts these.*users:read,users:write/],
    [['new', '--name', 'x', '--scopes', 'users:read,users:delete'], /^--scopes accepts these/],
    [[...good, '--days', '0'], /^--days must be a number from 1 to 365/],
    [[...good, '--days', '366'], /^--days must be a number from 1 to 365/],
    [[...good, '--days', 'ever'], /^--days must be a number from 1 to 365/],
    [['revoke'], /needs the id of one key/],
    [['revoke', 'adm_c2VjcmV0'], /needs the id of one key/],
  ] as const) {
    const { code, stdout, stderr } = await runHere(['admin-key', ...args], {
      env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    })
    t.match({ code, stdout, stderr }, { code: 2, stdout: '', stderr: says }, args.join(' '))
    t.notMatch(stderr, /adm_|c2VjcmV0/)
  }
})
