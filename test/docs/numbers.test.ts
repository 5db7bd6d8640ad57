import { readFileSync } from 'node:fs'
import t from 'tap'
import { ADMIN_KEY_MAX_DAYS } from '../../src/core/account/admin-key.ts'
import { DURATIONS } from '../../src/core/durations.ts'
import { GUARD_RULES } from '../../src/core/guard/rules.ts'
import { DEFAULT_LIMITS, PASSWORD_RULES } from '../../src/core/limits.ts'
import { countInWords, durationInWords } from '../../src/core/quantity.ts'
import { ADDRESS_LIMITS } from '../../src/http/rate-limit.ts'
import { JWKS_MAX_AGE, PUBLISH_DELAY } from '../../src/keys/rotation.ts'
import { SettingsSchema } from '../../src/settings/schema.ts'
import { PAGES } from '../support/markdown-page.ts'

const { accessTtl, codeTtl, deviceTtl, freshFor, sessionIdle, sessionTtl } = DURATIONS
const { attemptsPerChallenge, failuresPerLock, rotationGrace } = DEFAULT_LIMITS
const { user, number, address, network, prefix, consecutive, conversion, budget } = GUARD_RULES
const defaultOf = (name: keyof typeof SettingsSchema.properties) =>
  (SettingsSchema.properties[name] as { default?: unknown }).default

const [words, time] = [countInWords, durationInWords]
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
const hours = (seconds: number) => `${seconds / 3_600} h`
const minutes = (seconds: number) => `${seconds / 60} minutes`
const days = (seconds: number) => `${seconds / 86_400} days`
const percent = (share: number) => `${Math.round(share * 100)} %`

/** The limits stated on each page, with the values from the code. */
const STATED: Record<string, string[]> = {
  'README.md': [
    `${capital(words(attemptsPerChallenge))} end the challenge, ${words(failuresPerLock)} in a row lock the factor`,
  ],
  'client/README.md': [`can be repeated for ${time(rotationGrace)}`],
  'docs/architecture.md': [`every ${time(accessTtl.default)}`],
  'docs/admin-api.md': [
    `at most ${ADMIN_KEY_MAX_DAYS} days`,
    `than ${ADDRESS_LIMITS.admin_refused} bad keys in a minute`,
    `at most ${time(accessTtl.default)} with the default \`ACCESS_TOKEN_TTL\``,
  ],
  'docs/from-better-auth.md': [`\`pending_token\` in the body, ${time(codeTtl.default)}`],
  'docs/from-flask.md': [
    `\`access_token\` (${time(accessTtl.default)}`,
    `${words(attemptsPerChallenge)} for each code; ${words(failuresPerLock)} in a row lock the factor`,
  ],
  'docs/from-twilio-verify.md': [`A code lives ${time(codeTtl.default)} (\`CODE_TTL\`)`],
  'docs/keys.md': [
    `signs ${time(PUBLISH_DELAY)} later`,
    `${minutes(JWKS_MAX_AGE)} (\`max-age\`)`,
    `challenges of up to ${codeTtl.maximum} s`,
    `${accessTtl.maximum.toLocaleString('en')} s, the maximum of \`ACCESS_TOKEN_TTL\`)`,
  ],
  'docs/protecting-an-api.md': [`${time(accessTtl.default)} with the default \`ACCESS_TOKEN_TTL\``],
  'docs/retention.md': [
    `${defaultOf('SESSION_RETENTION')} days after they ended | \`SESSION_RETENTION\``,
    `after ${defaultOf('LEDGER_RETENTION')} days | \`LEDGER_RETENTION\``,
    `after ${defaultOf('AUDIT_RETENTION')} days | \`AUDIT_RETENTION\``,
  ],
  'docs/security.md': [
    `${minutes(accessTtl.default)} by default`,
    `Each address has its ${words(PASSWORD_RULES.perAddress)} attempts`,
  ],
  'docs/sessions.md': [
    `\`ACCESS_TOKEN_TTL\`, ${accessTtl.default} s`,
    `\`REFRESH_IDLE_TTL\` (${hours(sessionIdle.default)})`,
    `\`REFRESH_TOKEN_TTL\` (${hours(sessionTtl.default)})`,
    `\`DEVICE_TOKEN_TTL\`, ${days(deviceTtl.default)}`,
    `\`STEP_UP_MAX_AGE\` (${minutes(freshFor.default)})`,
  ],
  'docs/toll-fraud.md': [
    `received ${user.perHour} codes within an hour, over all challenges`,
    `received ${number.perHour} codes within an hour or ${number.perDay} within a day`,
    `received ${number.callsPerHour} calls within an hour or ${number.callsPerDay} within a day`,
    `requested ${address.perHour} codes within an hour`,
    `requested ${network.perHour} such codes within an hour`,
    `has ${prefix.perHour} sends within an hour`,
    `${words(prefix.timesMean)} times its hourly mean of ${prefix.baselineDays} days`,
    `${percent(prefix.unverified)} of its numbers`,
    `${hours(prefix.blockFor)}, doubling to ${days(prefix.longestBlock)}`,
    `${consecutive.numbers} numbers of one prefix within ${consecutive.within / 60} min, each at most ${consecutive.gap}`,
    `below ${percent(conversion.floor)}`,
    `${conversion.baselineSends} sends are known`,
    `the latest ${conversion.sends} messages`,
    `a budget is at ${percent(budget.soft)}`,
    `${number.perHour} codes an hour and ${number.perDay} a day`,
    `at most ${2 * number.perHour} codes an hour and ${2 * number.perDay} a day`,
  ],
  'docs/verify-tokens.md': [
    `A token lives ${minutes(accessTtl.default)}`,
    `for its \`max-age\`, ${minutes(JWKS_MAX_AGE)}`,
    `in the list for ${time(PUBLISH_DELAY)} before it signs`,
  ],
}

const folded = (text: string) => text.replace(/\s+/g, ' ')

for (const [page, stated] of Object.entries(STATED)) {
  t.test(`states the enforced limits in ${page}`, async (t) => {
    t.ok(PAGES.includes(page))
    const text = folded(readFileSync(page, 'utf8'))
    for (const claim of stated) t.ok(text.includes(claim), claim)
  })
}

t.test('repeats a refresh in the client only while the server accepts the same token', async (t) => {
  const session = readFileSync('client/src/session.ts', 'utf8')
  const [, grace = ''] = /const GRACE = ([\d_]+)/.exec(session) ?? []
  t.ok(session.includes(`is ${rotationGrace} s after the first attempt`))
  t.ok(Number(grace.replaceAll('_', '')) < 1_000 * rotationGrace, grace)
})
