import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { type Block, blocksOf, PAGES } from '../support/markdown-page.ts'

const unnamed = (language: string) =>
  PAGES.flatMap(blocksOf).filter((block) => block.language === language && block.name === undefined)

const titleOf = ({ page, line }: Block) => `${page}:${line}`

/** Pages whose TypeScript is compiled or run by another test. */
const ELSEWHERE = new Set(['docs/add-a-provider.md', 'docs/human-checks.md'])

/** Runs the compiler's own file, since the coverage tool fails on the one in `bin`. */
const TSC = resolve('node_modules/typescript/lib/tsc.js')

const COMPILER_OPTIONS = {
  target: 'es2024',
  lib: ['es2024', 'dom', 'dom.iterable'],
  module: 'nodenext',
  types: ['node'],
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  noImplicitReturns: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
}

/** Returns the compiler's errors for these programs, each with its page and line. */
const compile = (t: Test, programs: { title: string; text: string }[]): string[] => {
  const nameOf = (title: string) => `${title.replaceAll(/\W/g, '-')}.ts`
  const folder = t.testdir({
    'tsconfig.json': JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] }),
    ...Object.fromEntries(programs.map(({ title, text }) => [nameOf(title), text])),
  })
  const tsc = spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' })
  return (tsc.stdout + tsc.stderr).split('\n').filter(Boolean)
}

t.test('compiles the TypeScript of the guides against the built client', async (t) => {
  const programs = unnamed('ts')
    .filter(({ page }) => !ELSEWHERE.has(page))
    .map((block) => ({ title: titleOf(block), text: block.text }))
  t.ok(programs.length > 5)
  t.strictSame(compile(t, programs), [])
  const wrong = "import { createClient } from 'doorcode/client'\ncreateClient({ url: '' }).login({ user: 'x' })\n"
  t.match(compile(t, [{ title: 'wrong', text: wrong }]).join(), /TS2/, 'an error would be detected')
})
