import t from 'tap'
import { at, createGuardDatabase } from '../support/guard-database.ts'
import { runHere } from './tool.ts'

const guard = await createGuardDatabase(t)
t.beforeEach(() => guard.clear())

const tool = (...args: string[]) => runHere(['guard', ...args], { env: { DATABASE_URL: guard.url } })
const linesOf = ({ stdout }: { stdout: string }) => stdout.trimEnd().split('\n')

t.test('blocks a target for 12 hours by default, lists it and removes the block', async (t) => {
  t.strictSame(await tool('list'), {
    code: 0,
    stdout: 'Nothing is blocked.\nNo message was sent today (UTC).\n',
    stderr: '',
  })
  t.match(await tool('block', '+1 (202) 555'), {
    code: 0,
    stdout: /^No messages are sent to \+1202555 until \d{4}-.*Z, not even to known users\.\n$/,
  })
  t.match(await tool('block', 'gb', '--for', '2d'), { code: 0, stdout: /^No messages are sent to GB until / })
  const hours = await guard.sql(
    'select scope, target, round(extract(epoch from ends_at - now()) / 3600)::int as hours from guard_blocks order by target',
  )
  t.strictSame(hours, [
    { scope: 'prefix', target: '+1202555', hours: 12 },
    { scope: 'country', target: 'GB', hours: 48 },
  ])
  await guard.sql(
    `insert into guard_blocks (scope, target, rule, starts_at, ends_at, strikes)
     values ('country', 'US', 'conversion', now() - interval '1 hour', now() - interval '1 minute', 2)`,
  )
  await guard.sql(
    `insert into send_budgets (scope, day, messages, cost, soft_at) values ('*', (now() at time zone 'UTC')::date, 7, 0.5, now()),
       ('-', (now() at time zone 'UTC')::date, 2, 0, null), ('US', (now() at time zone 'UTC')::date, 5, 0.5, null)`,
  )
  const [head, ...rest] = linesOf(await tool('list'))
  t.match(head, /^TARGET +RULE +STATE +SINCE +UNTIL +TIMES$/)
  t.equal(rest.length, 8)
  t.match(rest, [
    /^GB +operator +closed +\S+Z +\S+Z +1$/,
    /^\+1202555 +operator +closed +\S+Z +\S+Z +1$/,
    /^US +conversion +tried +\S+Z +\S+Z +2$/,
    /^$/,
    /^BUDGET +MESSAGES +COST +CHECKS SINCE +EMPTY SINCE$/,
    /^all +7 +0\.5 +\S+Z +-$/,
    /^US +5 +0\.5 +- +-$/,
    /^no country +2 +0 +- +-$/,
  ])

  t.match(await tool('unblock', '+1202555'), { code: 0, stdout: /^\+1202555 is no longer blocked/ })
  t.match(await tool('unblock', 'US'), { code: 0, stdout: /^US is no longer blocked/ })
  t.match(await tool('unblock', 'US'), {
    code: 1,
    stderr: 'US is not blocked. "guard list" shows the blocks.\n',
  })
  t.equal(linesOf(await tool('list'))[1]!.slice(0, 2), 'GB')
})

t.test('rejects invalid arguments before it changes anything', async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /Choose a subcommand for the guard: list, block, unblock, simulate\./],
    [['lose'], /Choose a subcommand for the guard/],
    [['block'], /"guard block" needs one target: a prefix such as \+1202555, or a country such as US\./],
    [['block', 'US', 'GB'], /"guard block" needs one target/],
    [['block', 'Atlantis'], /"Atlantis" is neither a prefix such as \+1202555 nor an ISO 3166-1 country/],
    [['block', '1202555'], /"1202555" is neither/],
    [['block', '+0'], /"\+0" is neither/],
    [['block', 'US', '--for', '0h'], /--for must be a duration of at most 366 days .* not "0h"\./],
    [['block', 'US', '--for', '367d'], /--for must be a duration/],
    [['block', 'US', '--for', '12'], /--for must be a duration/],
    [['unblock'], /"guard unblock" needs one target/],
    [['list', 'all'], /"guard list" takes only options/],
    [['simulate', 'now'], /"guard simulate" takes only options/],
    [['simulate', '--from', '2026-01-01'], /--from and --to need --ledger\./],
    [
      ['simulate', '--ledger', '--from', 'May'],
      /--from must be a date such as 2026-11-24 or 2026-11-24T12:00Z, not "May"\./,
    ],
    [['simulate', '--ledger', '--to', '2026-02-99'], /--to must be a date/],
    [['simulate', '--ledger', '--from', '2026-02-02', '--to', '2026-02-01'], /--from must be before --to\./],
    [['simulate', '--attack', 'siege'], /--attack must be one of burst, slow, poisoning, none, not "siege"\./],
    [['simulate', '--seed', 'x'], /--seed must be a whole number below a million, not "x"\./],
    [['simulate', '--sends', '-1'], /--sends/],
    [
      ['simulate', '--set', 'prefix.perhour=4'],
      /is not a rule with a number\. There are: user\.perHour, .*, budget\.reserve\./,
    ],
    [['simulate', '--set', 'perHour=4'], /There are: user\.perHour/],
    [['simulate', '--set', 'prefix.perHour'], /There are: user\.perHour/],
    [['simulate', '--set', 'prefix.perHour=four'], /--set prefix\.perHour takes a number, not "four"\./],
    [['simulate', '--set', 'prefix.perHour=4.5'], /--set prefix\.perHour takes a whole number, not "4\.5"\./],
    [['simulate', '--budget', 'USA=5'], /--budget has "USA=5", which is not all, each or COUNTRY and an amount/],
  ]
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = await tool(...args)
    t.match({ code, stdout, stderr }, { code: 2, stdout: '', stderr: says }, args.join(' '))
  }
})

t.test('simulates the same day for the same seed, and reports results for users and attackers', async (t) => {
  const [title, gap, head, ...rest] = linesOf(await tool('simulate', '--sends', '300'))
  t.match(title, /^A generated day with seed 1: 300 sends to \d+ countries; 400 from an attack\.$/)
  t.equal(gap, '')
  t.match(head, /^KIND +OUTCOME +RULE +SENDS +SHARE$/)
  t.equal(rest.length, 6)
  t.match(rest, [
    /^organic +sent +- +300 +100\.00 %$/,
    /^burst +stopped by a check +human +388 +97\.00 %$/,
    /^burst +sent +- +12 +3\.00 %$/,
    /^$/,
    /^Organic loss: 0\.00 % \(0 of 300\)\.$/,
    /^Attack: 12 of 400 sent, at most 6 to one prefix\.$/,
  ])
  const again = await tool('simulate', '--sends', '300')
  t.strictSame(linesOf(again), [title, gap, head, ...rest])

  const passing = await tool('simulate', '--sends', '10', '--attacker-passes-checks')
  t.match(passing.stdout, /^burst +refused +prefix +386 +96\.50 %$/m)
  t.match(passing.stdout, /^burst +sent after a check +- +8 +2\.00 %$/m)
})

t.test('simulates other numbers for rules, budgets and settings', async (t) => {
  const small = ['simulate', '--sends', '40', '--attacker-passes-checks']
  const fewer = await tool(...small, '--set', 'prefix.perHour=4', '--set', 'prefix.checkFrom=1')
  t.match(fewer.stdout, /^Attack: 6 of 400 sent, at most 3 to one prefix\.$/m)
  t.notMatch(fewer.stdout, /after a check/)
  t.match((await tool(...small, '--attack', 'none', '--budget', 'US=0')).stdout, /^organic +refused +budget/m)
  t.match((await tool(...small, '--attack', 'none', '--budget', 'all=10')).stdout, /^organic +refused +budget +3\d /m)
  const ofPeople = await tool('simulate', '--sends', '40', '--attack', 'none', '--budget', 'all=10')
  t.match(ofPeople.stdout, /^organic +sent after a check/m, 'users pass human checks')
  const off = { DATABASE_URL: guard.url, SMS_GUARD: 'false', HUMAN_CHECK: 'off' }
  t.match((await runHere(['guard', ...small], { env: off })).stdout, /^Attack: 400 of 400 sent/m)
  const budgets = { DATABASE_URL: guard.url, SMS_BUDGET_MESSAGES: 'US=0,all=10' }
  const replaced = await runHere(['guard', ...small, '--attack', 'none', '--budget', 'all=0'], { env: budgets })
  t.match(replaced.stdout, /^organic +refused +budget +40 /m)
  const broke = await runHere(['guard', ...small], { env: { ...off, SMS_BUDGET_MESSAGES: 'US:5' } })
  t.match(broke, { code: 1, stderr: /^SMS_BUDGET_MESSAGES has "US:5"/ })
})

t.test('replays the ledger of a period, optionally with an attack, without changing it', async (t) => {
  for (let nth = 0; nth < 20; nth += 1) {
    const time = nth * 60
    await guard.enter({ number: `+1202555${4_000 + nth * 97}`, time, verifiedAt: nth < 3 ? time + 10 : null })
  }
  const before = await guard.sql('select * from sends order by created_at')
  const second = ['--ledger', '--from', '2026-03-04T12:05Z', '--to', '2026-03-04T12:10Z', '--attacker-passes-checks']
  t.match((await tool('simulate', ...second)).stdout, /^not entered +refused +prefix +1 /m, 'earlier sends count')
  const period = ['--ledger', '--from', '2026-03-04T12:00Z', '--to', '2026-03-04T12:10:00+00:00']
  const replay = await tool('simulate', ...period, '--attacker-passes-checks')
  t.equal(linesOf(replay).length, 8)
  t.match(linesOf(replay), [
    'The ledger from 2026-03-04T12:00:00Z to 2026-03-04T12:10:00Z: 10 sends.',
    '',
    /^KIND/,
    /^entered +sent +- +3 +100\.00 %$/,
    /^not entered +sent +- +6 +85\.71 %$/,
    /^not entered +refused +prefix +1 +14\.29 %$/,
    '',
    'Organic loss: 0.00 % (0 of 3).',
  ])
  t.match(
    (await tool('simulate', ...period, '--attack', 'burst')).stdout,
    /: 10 sends; 400 from an attack\.[\s\S]*^burst +sent/m,
  )
  t.equal(
    (await tool('simulate', '--ledger', '--to', '2020-01-01')).stdout,
    'The ledger from 2019-12-31T00:00:00Z to 2020-01-01T00:00:00Z: 0 sends.\n',
  )
  await guard.enter({ time: (Date.now() - at(0).getTime()) / 1_000 - 60 })
  t.match((await tool('simulate', '--ledger')).stdout, /: 1 send\.[\s\S]*not entered +sent +- +1 /)
  t.strictSame((await guard.sql('select * from sends order by created_at')).slice(0, 20), before)
})
