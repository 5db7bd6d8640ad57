/**
 * Builds the package's `dist/`: JavaScript and types, because Node strips no types below `node_modules`; the test kit as
 * CommonJS too, for runners such as Jest; and the demo pages with the client they import.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync('tsc --project tsconfig.build.json', { stdio: 'inherit', shell: true })
if (status !== 0) process.exit(status ?? 1)
// A copy of our manifest. The one beside `dist` belongs to the package.
rmSync('dist/package.json')
for (const folder of ['demo', 'client/src']) cpSync(folder, `dist/${folder}`, { recursive: true })
// Files that are read at run time and are not modules.
for (const folder of ['src', 'db/functions'])
  cpSync(folder, `dist/${folder}`, { recursive: true, filter: (path) => !path.endsWith('.ts') })

/** Builds a module of `dist` as CommonJS too. Its types are those of the ES module. */
const makeCommonJs = async (path: string): Promise<void> => {
  const name = basename(path)
  await build({
    entryPoints: [`${path}.ts`],
    outfile: `dist/${path}.cjs`,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: `const moduleUrl = require('node:url').pathToFileURL(__dirname + '/${name}.js').href` },
  })
  const values = Object.keys(await import(new URL(`../dist/${path}.js`, import.meta.url).href))
  const types = [
    `export type * from './${name}.js' with { 'resolution-mode': 'import' }`,
    `type Module = typeof import('./${name}.js', { with: { 'resolution-mode': 'import' } })`,
    ...values.map((value) => `export declare const ${value}: Module['${value}']`),
    // Without it, a declaration file exports all of its declarations.
    'export {}',
  ]
  writeFileSync(`dist/${path}.d.cts`, `${types.join('\n')}\n`)
}
await makeCommonJs('testing/index')
await makeCommonJs('src/providers/define-provider')
