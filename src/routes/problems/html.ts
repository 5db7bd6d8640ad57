import { createHash } from 'node:crypto'
import { PROBLEM_CODES, PROBLEMS, type ProblemCode } from '../../errors.ts'
import { membersOf } from '../../problem-members.ts'
import { PROBLEM_TEXTS } from './texts.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2530; --soft: #566273; --back: #f6f7f9; --card: #fff; --line: #dde2e8; --mark: #0b5cad }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --soft: #a3afbf; --back: #12161c; --card: #1a2028; --line: #2d3642; --mark: #7db8f5 }
}
* { box-sizing: border-box }
body { margin: 0; padding: 2rem 1rem; background: var(--back); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 42rem; margin: 0 auto; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
.code { margin: 0; color: var(--soft) }
h1 { margin: .25rem 0 1.5rem; font-size: 1.75rem; line-height: 1.25 }
h2 { margin: 1.75rem 0 .25rem; font-size: 1rem; color: var(--soft) }
p { margin: 0 }
ul { margin: 1.5rem 0 0; padding: 0; list-style: none }
li { padding: .25rem 0 }
code { font: .9em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; background: var(--back); padding: .1em .3em; border-radius: .25em }
blockquote { margin: 0; padding-left: 1rem; border-left: .25rem solid var(--mark); font-size: 1.125rem }
footer { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--line) }
a { color: var(--mark) }
a:focus-visible { outline: 2px solid; outline-offset: 2px }
@media (max-width: 30rem) { body { padding: 0 } main { padding: 1.25rem; border: 0; border-radius: 0 } }
`

/** The Content-Security-Policy of problem pages: the inline style and nothing else. */
export const PROBLEM_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  // An empty icon stops the automatic request of browsers for one.
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!)

/** Returns the HTML of a text with code in backticks. */
const toHtml = (text: string) => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')

const page = (title: string, main: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`

/** Returns an HTML list of a problem's extension members under a heading; empty without members. */
const memberList = (code: ProblemCode): string => {
  const items = membersOf(code).map(({ sentAs, schema, isAlwaysThere }) => {
    const name = `<code>${sentAs}</code>${isAlwaysThere ? '' : ' (optional)'}`
    return `<li>${name}: ${toHtml(schema.description ?? '')}</li>\n`
  })
  return items.length > 0 ? `<h2>Members</h2>\n<ul>\n${items.join('')}</ul>\n` : ''
}

/** Returns the HTML page of a problem: what happened, what the user should see, what the developer should do. */
export const problemHtml = (code: ProblemCode): string => {
  const { title, status } = PROBLEMS[code]
  const { happened, user, developer } = PROBLEM_TEXTS[code]
  return page(
    `${title} (${code})`,
    `<p class="code">${status} <code>${code}</code></p>
<h1>${escapeHtml(title)}</h1>
<h2>What happened</h2>
<p>${toHtml(happened)}</p>
<h2>What the user should see</h2>
<blockquote><p>${escapeHtml(user)}</p></blockquote>
<h2>What the developer should do</h2>
<p>${toHtml(developer)}</p>
${memberList(code)}<footer><p><a href="../docs/">All operations and their problems</a></p></footer>`,
  )
}

/** Returns the HTML page that lists all problems, with links relative to `/problems`. */
export const problemIndexHtml = (): string => {
  const items = PROBLEM_CODES.map((code) => {
    const { title, status } = PROBLEMS[code]
    return `<li><a href="problems/${code}"><code>${code}</code></a> ${status}, ${escapeHtml(title)}</li>`
  })
  return page(
    'Problems',
    `<h1>Problems</h1>
<p>Every error response is a problem (RFC 9457). Clients switch on its <code>code</code>.</p>
<ul>
${items.join('\n')}
</ul>
<footer><p><a href="docs/">All operations and their problems</a></p></footer>`,
  )
}
