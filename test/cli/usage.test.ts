import t from 'tap'
import { runHere, runTool } from './tool.ts'

t.test('prints the help on stdout for every form of the request', async (t) => {
  const asked = [['help'], ['--help'], ['user', 'add', '--help']]
  const answers = [await runTool([]), ...(await Promise.all(asked.map((args) => runHere(args))))]
  for (const { code, stdout, stderr } of answers) {
    t.equal(code, 0)
    t.match(stdout, /^Usage: npx doorcode/)
    t.equal(stderr, '')
  }
})

t.test('answers invalid commands with one line and a hint, and exits with code 2', async (t) => {
  const cases: [string[], string][] = [
    [['frobnicate'], 'Unknown command "frobnicate".'],
    [
      ['user'],
      'Choose a subcommand for users: add, list, set-password, set-phone, sign-out, disable, enable, reset-factor.',
    ],
    [['user', 'list', 'extra'], '"user list" takes only options, but got another argument.'],
    [['user', 'disable'], '"user disable" needs the name of a user.'],
    [['user', 'add', 'ada', '--phone'], "Option '--phone <value>' argument missing."],
    [['migrate', '--force'], "Unknown option '--force'."],
    [['keys', 'new', '--alg', 'RS256'], '--alg must be EdDSA or ES256, not "RS256".'],
  ]
  const answers = await Promise.all(cases.map(([args]) => runHere(args)))
  t.strictSame(await runTool(cases[0]![0]), { ...answers[0], signal: null })
  for (const [position, { code, stdout, stderr }] of answers.entries()) {
    t.equal(code, 2)
    t.equal(stdout, '')
    t.equal(stderr, `${cases[position]![1]}\nRun "npx doorcode help" for all commands.\n`)
  }
})

t.test('does not echo a misplaced password', async (t) => {
  const misplaced = [
    ['user', 'add', 'ada', 'correct horse battery', '--phone', '+12025550143'],
    ['user', 'add', 'ada', '--phone', '+12025550143', '--password=correct horse battery'],
    ['user', 'add', 'ada', '--phone', '+12025550143', '--password-stdin=correct horse battery'],
  ]
  for (const { code, stdout, stderr } of await Promise.all(misplaced.map((args) => runHere(args)))) {
    t.equal(code, 2)
    t.notMatch(stdout + stderr, /correct|horse/)
  }
})
