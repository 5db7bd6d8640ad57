import t from 'tap'
import { USAGE } from '../../src/cli/usage.ts'
import { runHere } from './tool.ts'

/** Invalid command lines, each with the expected first line of the error. */
const WRONG: [string, RegExp][] = [
  ['user add', /^"user add" needs the name of a user\./],
  ['user add ada', /^"user add" needs --phone\. For example: --phone \+12025550143/],
  ['user add ada bob --phone +12025550143', /^"user add" takes one name; put quotes/],
  ['user list ada', /^"user list" takes only options/],
  ['user set-password', /^"user set-password" needs the name of a user\./],
  ['user set-phone ada', /^"user set-phone" needs --phone\. For example: /],
  ['user sign-out', /^"user sign-out" needs the name of a user\./],
  ['user disable', /^"user disable" needs the name of a user\./],
  ['user enable ada bob', /^"user enable" takes one name/],
  ['user reset-factor', /^"user reset-factor" needs the name of a user\./],
  ['user frobnicate', /^Choose a subcommand for users: add, list, /],
  ['sms', /^Choose a subcommand for messages: show, test\./],
  ['sms show', /^"sms show" needs one challenge id or phone number\./],
  ['sms test', /^"sms test" needs one phone number\./],
  ['sms test +12025550143 --channel fax', /^--channel must be one of sms, voice, whatsapp, not "fax"\./],
  ['guard list x', /^"guard list" takes only options/],
  ['guard block', /^"guard block" needs one target: a prefix such as \+1202555, or a country such as US\./],
  ['guard block Narnia', /^"Narnia" is neither a prefix such as \+1202555 nor an ISO 3166-1 country code such as US\./],
  ['guard block US --for ever', /^--for must be a duration .* such as 30m, 12h or 2d, not "ever"\./],
  ['guard unblock', /^"guard unblock" needs one target/],
  ['guard simulate --attack all', /^--attack must be one of burst, slow, poisoning, none, not "all"\./],
  ['guard simulate --from 2026-01-01', /^--from and --to need --ledger\./],
  ['guard simulate --sends many', /^--sends must be a whole number below a million, not "many"\./],
  ['audit', /^"audit" needs the name of one user\./],
  ['audit ada --limit 0', /^--limit must be a number from 1 to 10000\. For example: --limit 50/],
  ['admin-key new', /^"admin-key new" needs --name and --scopes\. For example: --name billing --scopes users:read/],
  ['admin-key new --name x --scopes all', /^--scopes accepts these, separated by commas: users:read,/],
  [
    'admin-key new --name x --scopes users:read --days 0',
    /^--days must be a number from 1 to 365\. For example: --days 90/,
  ],
  ['admin-key revoke mine', /^"admin-key revoke" needs the id of one key/],
  ['invite --days soon', /^--days must be a whole number from 1 to 365\. For example: --days 7/],
  ['import', /^Choose a subcommand for users of another system: flask\./],
  ['import flask', /^"import flask" needs one SQLite file\. For example: npx doorcode import flask users\.db/],
  ['doctor now', /^"doctor" takes only options/],
  ['migrate now', /^"migrate" takes only options/],
  ['keys', /^Choose a subcommand for keys: new, rotate, list, retire\./],
  ['keys new --alg RS256', /^--alg must be EdDSA or ES256, not "RS256"\./],
  ['keys rotate --delay soon', /^--delay must be a number of seconds\./],
  ['keys retire a b', /^"keys retire" takes one id\./],
  ['keys retire --force', /^"keys retire --force" needs the id\./],
  ['keys list --file', /^Option '--file <value>' argument missing\./],
  ['secret', /^Choose a subcommand for the secret: new, rotate, list, retire\./],
  ['secret new --file=', /^--file needs a file name\./],
  ['secret rotate --delay soon', /^--delay must be a number of seconds\./],
]

t.test('answers an invalid command line with one line that states the expected arguments', async (t) => {
  for (const [line, said] of WRONG) {
    const { code, stdout, stderr } = await runHere(line.split(' '))
    t.strictSame({ code, stdout }, { code: 2, stdout: '' }, line)
    t.match(stderr, said, line)
    t.match(stderr, /^[^\n]+\nRun "npx doorcode help" for all commands\.\n$/, line)
  }
})

/** The commands listed in the help, such as `user add`. */
const helped = [...USAGE.matchAll(/^ {2}(?<name>[a-z][a-z-]*)(?<rest>(?: [a-z][a-z-]*(?:\|[a-z-]+)*)?)/gm)]
  .map(({ groups }) => ({ name: groups!['name']!, subcommands: groups!['rest']!.trim().split('|').filter(Boolean) }))
  .filter(({ name }) => name !== 'help')

t.test('implements every command of the help, rejects unknown options, and tests each command', async (t) => {
  const tried = WRONG.map(([line]) => line)
  for (const { name, subcommands } of helped) {
    for (const command of subcommands.length > 0 ? subcommands.map((one) => [name, one]) : [[name]]) {
      const { code, stderr } = await runHere([...command, '--no-such-option'])
      t.equal(code, 2)
      t.match(stderr, /^Unknown option '--no-such-option'\./, command.join(' '))
    }
    t.ok(
      tried.some((line) => line.startsWith(name)),
      `${name} has a case above`,
    )
  }
  t.ok(helped.length > 20)
})
