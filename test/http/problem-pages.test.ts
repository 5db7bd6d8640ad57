import { readFileSync } from 'node:fs'
import t from 'tap'
import { PROBLEM_CODES, PROBLEMS } from '../../src/errors.ts'
import { membersOf } from '../../src/problem-members.ts'
import { PROBLEM_TEXTS } from '../../src/routes/problems/texts.ts'
import { createWorld, ISSUER } from '../support/app.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

t.test('serves the type of each problem as JSON to programs and as a page to browsers', async (t) => {
  const world = await createWorld(t)
  for (const code of PROBLEM_CODES) {
    const url = `/problems/${code}`
    const json = await world.get(url)
    t.strictSame(json.body, { type: `${ISSUER}${url}`, code, ...PROBLEMS[code], ...PROBLEM_TEXTS[code] })
    const page = await world.send({ method: 'GET', url, headers: { accept: BROWSER } })
    t.match(page.headers['content-type'], /^text\/html/)
    t.ok(page.body.includes(PROBLEMS[code].title) && page.body.includes(PROBLEM_TEXTS[code].user), code)
    for (const { sentAs } of membersOf(code))
      t.ok(page.body.includes(`<li><code>${sentAs}</code>`), `${code}: ${sentAs}`)
    for (const { headers } of [json, page]) t.equal(headers['vary'], 'Accept')
  }
})

t.test('lists all problems as JSON for programs and as a page for browsers', async (t) => {
  const world = await createWorld(t)
  const { status, headers, body } = await world.get('/problems')
  t.equal(status, 200)
  t.equal(headers['vary'], 'Accept')
  const expected = PROBLEM_CODES.map((code) => ({
    type: `${ISSUER}/problems/${code}`,
    code,
    ...PROBLEMS[code],
    ...PROBLEM_TEXTS[code],
  }))
  t.strictSame(body.problems, expected)
  const page = await world.send({ method: 'GET', url: '/problems', headers: { accept: BROWSER } })
  t.match(page.headers, { 'content-type': /^text\/html/, 'content-security-policy': /^default-src 'none'/ })
  for (const code of PROBLEM_CODES) {
    t.ok(page.body.includes(`<a href="problems/${code}">`) && page.body.includes(PROBLEMS[code].title), code)
  }
})

t.test('honors the preference in Accept and sends JSON by default', async (t) => {
  const world = await createWorld(t)
  for (const [accept, type] of [
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['text/html', 'text/html'],
    ['text/html;q=0.1, application/json', 'application/json'],
    ['application/json;q=0.1, text/html;q=0.2', 'text/html'],
    ['image/png', 'application/json'],
    ['text/html;q=0', 'application/json'],
    ['', 'application/json'],
  ] as const) {
    const { headers } = await world.send({ method: 'GET', url: '/problems/forbidden', headers: { accept } })
    t.equal(headers['content-type']?.split(';')[0], type, accept)
  }
})

t.test('neither runs scripts nor loads resources on the page', async (t) => {
  const world = await createWorld(t)
  const { headers, body } = await world.send({
    method: 'GET',
    url: '/problems/forbidden',
    headers: { accept: BROWSER },
  })
  const policy = headers['content-security-policy'] ?? ''
  t.match(policy, /default-src 'none'/)
  t.match(policy, /frame-ancestors 'none'/)
  t.notMatch(policy, /script-src|unsafe|\*/)
  t.notMatch(body, /<script|<img|<iframe|src=/)
})

t.test('has whole sentences in each text, and no jargon in those for users', async (t) => {
  for (const code of PROBLEM_CODES) {
    const { happened, user, developer } = PROBLEM_TEXTS[code]
    for (const text of [happened, user, developer]) {
      t.match(text, /^[A-Z`].*\.$/, code)
      t.equal((text.match(/`/g) ?? []).length % 2, 0, 'backticks are balanced')
    }
    t.notMatch(user, /[`_{}]|\b(?:token|JSON|HTTP|server|request|API|code \d)\b/, code)
    t.ok(user.length <= 120, 'fits on the screen of a phone')
  }
})

t.test('repeats the texts of the pages in docs/problems.md', async (t) => {
  const guide = readFileSync('docs/problems.md', 'utf8')
  for (const code of PROBLEM_CODES) {
    const { happened, user, developer } = PROBLEM_TEXTS[code]
    t.ok(guide.includes(`## \`${code}\``) && [happened, user, developer].every((text) => guide.includes(text)), code)
  }
})
