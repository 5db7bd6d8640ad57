import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { USAGE } from '../../src/cli/usage.ts'
import { providers } from '../../src/providers/index.ts'
import { inspectSettings } from '../../src/settings/load.ts'
import { SettingsSchema } from '../../src/settings/schema.ts'
import { blocksOf, deadLinks, PAGES } from '../support/markdown-page.ts'
import { type ShellLine, shellLines } from '../support/shell-lines.ts'

const blocks = PAGES.flatMap(blocksOf)
const inLanguage = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language))

t.test('has no dead links or anchors within the project', async (t) => {
  t.ok(PAGES.length > 20)
  t.strictSame(
    PAGES.flatMap((page) => deadLinks(page, existsSync)),
    [],
  )
  // A dead link would be detected.
  t.ok(deadLinks('docs/mobile.md', (path) => path !== 'docs/sessions.md').length > 0)
})

t.test('links to every guide from another page', async (t) => {
  const all = PAGES.map((page) => ({ page, text: readFileSync(page, 'utf8') }))
  for (const page of PAGES.filter((name) => name.startsWith('docs/'))) {
    const name = page.slice('docs/'.length)
    t.ok(
      all.some((other) => other.page !== page && other.text.includes(name)),
      page,
    )
  }
})

t.test('lists every guide in the index', async (t) => {
  const index = readFileSync('docs/README.md', 'utf8')
  for (const page of PAGES.filter((name) => name.startsWith('docs/') && name !== 'docs/README.md')) {
    t.ok(index.includes(`](${page.slice('docs/'.length)})`), page)
  }
})

/** Reference pages and the generated page. */
const NO_GUIDES = new Set([
  'docs/README.md',
  'docs/decisions.md',
  'docs/glossary.md',
  'docs/problems.md',
  'docs/settings.md',
])

t.test('begins each guide with its result and its requirements', async (t) => {
  for (const page of PAGES.filter((name) => name.startsWith('docs/') && !NO_GUIDES.has(name))) {
    const [beginning = ''] = readFileSync(page, 'utf8').split('\n## ')
    t.match(beginning, /\bAt the end\b/, page)
    t.match(beginning, /\byou\s+need\b/i, page)
  }
})

t.test('limits the README to 150 lines', async (t) => {
  t.ok(readFileSync('README.md', 'utf8').split('\n').length <= 151)
})

/** Paths within the project in inline code; guides for new files use invented ones with "acme". */
const PATH = /`((?:bench|client|db|demo|docs|examples|openapi|scripts|src|test|testing|tools)\/[\w./-]+)`/g

t.test('names only existing files and folders', async (t) => {
  const pathsOf = (text: string) => [...text.matchAll(PATH)].map(([, path]) => path!)
  for (const page of PAGES) {
    for (const path of pathsOf(readFileSync(page, 'utf8')).filter((name) => !name.includes('acme')))
      t.ok(existsSync(path) || existsSync(`docs/${path}`), `${page}: ${path}`)
  }
  t.strictSame(pathsOf('`src/nowhere.ts`, `docs/`, src/app.ts'), ['src/nowhere.ts'])
})

t.test('declares the language of every code block', async (t) => {
  t.ok(blocks.length > 80)
  for (const { page, line, language } of blocks) t.match(language, /^[a-z]+$/, `${page}:${line}`)
})

t.test('has valid JSON in every JSON block', async (t) => {
  for (const { page, line, text } of inLanguage('json')) t.doesNotThrow(() => JSON.parse(text), `${page}:${line}`)
})

/** Returns the part of the help for one command, including its options. */
const helpOf = (command: string, subcommand: string | undefined): string | undefined =>
  USAGE.split(/\n(?= {2}[a-z])/).find((part) => {
    const [name, subs = ''] = part.trim().split(/\s+/)
    return (
      name === command && (subcommand === undefined || !/^[a-z|-]+$/.test(subs) || subs.split('|').includes(subcommand))
    )
  })

/** Returns the fault in a call of the doorcode command, if any. */
const toolFault = ([command = '', subcommand, ...rest]: string[]): string | undefined => {
  const help = helpOf(command, subcommand)
  if (!help) return `no command ${command} ${subcommand}`
  const options = [subcommand ?? '', ...rest].filter((word) => word.startsWith('--'))
  const unknown = options.map((word) => word.split('=')[0]!).find((option) => !help.includes(option))
  return unknown && `no option ${unknown} of ${command}`
}

const TOOL = [
  ['npx', 'doorcode'],
  ['docker', 'compose', 'exec', 'doorcode', 'node', 'src/cli/doorcode.ts'],
]

const openapi = JSON.parse(readFileSync('openapi/openapi.json', 'utf8')).paths as Record<string, object>
const isPath = (path: string): boolean =>
  Object.keys(openapi).some((known) => new RegExp(`^${known.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path)) ||
  /^\/(?:docs|demo|openapi\.json|dev\/outbox)/.test(path)

/** Returns the fault in a curl call, if any: an unknown route or invalid JSON. */
const curlFault = (words: string[]): string | undefined => {
  const url = words.find((word) => /^(?:https?:\/\/)?(?:localhost|127\.0\.0\.1|auth\.example\.com)[:/]/.test(word))
  const path = url && new URL(url.startsWith('http') ? url : `http://${url}`).pathname
  if (path !== undefined && !isPath(path)) return `no route ${path}`
  const body = words[words.indexOf('-d') + 1]
  if (!words.includes('-d') || body === undefined || !body.startsWith('{')) return undefined
  try {
    JSON.parse(body)
    return undefined
  } catch {
    return `no JSON: ${body}`
  }
}

/** Programs of others, whose options are not checked. */
const OTHERS = new Set('npm docker openssl pg_dump pg_restore cd api node git curl go pip python3'.split(' '))

/** Tools that npx runs from a project's own packages. */
const OTHER_TOOLS = new Set(['tap', 'playwright'])

const faultOf = ({ words }: ShellLine): string | undefined => {
  if (words.length === 0) return undefined
  const tool = TOOL.find((start) => start.every((word, at) => words[at] === word))
  if (tool) return toolFault(words.slice(tool.length))
  if (words[0] === 'curl') return curlFault(words)
  if (words[0] === 'npx') return OTHER_TOOLS.has(words[1]!) ? undefined : `no tool ${words[1]}`
  return OTHERS.has(words[0]!.replace(/\(\).*/, '')) ? undefined : `no program ${words[0]}`
}

t.test('uses only existing commands, options, routes and programs in shell blocks', async (t) => {
  for (const { page, line, text } of inLanguage('sh')) {
    for (const command of shellLines(text)) t.equal(faultOf(command), undefined, `${page}:${line}`)
  }
  // Faults would be detected.
  for (const wrong of [
    'npx doorcode frobnicate',
    'npx doorcode keys new --size 4096',
    "curl localhost:3000/logni -d '{}'",
    "curl -s http://127.0.0.1:3000/login -d '{no json}'",
  ])
    t.ok(faultOf(shellLines(wrong)[0]!), wrong)
})

const known = new Set(
  [SettingsSchema, ...providers.map(({ settings }) => settings)].flatMap(({ properties }) =>
    Object.keys(properties).flatMap((name) => [name, `${name}_FILE`]),
  ),
)

/** Variables of the shell or of other programs. */
const NOT_OURS = /^(?:KEY|EXAMPLES_FOLDER|ACME_\w+|TEST_\w+)$/

t.test('names only existing settings in shell blocks, with valid values', async (t) => {
  for (const { page, line, text } of inLanguage('sh')) {
    const env: Record<string, string> = {}
    for (const { settings } of shellLines(text)) Object.assign(env, settings)
    for (const name of Object.keys(env)) {
      if (NOT_OURS.test(name)) delete env[name]
      else t.ok(known.has(name), `${page}:${line}: ${name}`)
      if (/[…$]/.test(env[name] ?? '')) delete env[name]
    }
    const { faults } = inspectSettings({ env, providers, readFile: () => 'x'.repeat(40) })
    const ofTheirs = faults.filter((fault) => Object.keys(env).some((name) => fault.startsWith(name)))
    t.strictSame(
      ofTheirs.filter((fault) => !/is missing|which cannot be loaded|\.\/acme-sms\.ts|@acme\//.test(fault)),
      [],
      `${page}:${line}`,
    )
  }
})

t.test('names only existing settings in its text', async (t) => {
  const names = /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g
  const ours =
    /^(?:SMS|JWT|CODE|REFRESH|TRUST|CORS|ADMIN|EVENTS|DATABASE|REDIS|ANDROID|SCENARIO|SECRET|SHUTDOWN|HUMAN)_/
  for (const page of PAGES) {
    for (const [, name] of readFileSync(page, 'utf8').matchAll(names)) {
      if (ours.test(name!)) t.ok(known.has(name!), `${page}: ${name}`)
    }
  }
})
