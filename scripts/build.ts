/**
 * Builds what the package has in `dist/`: JavaScript and types, since Node strips no types below `node_modules`; the test
 * kit once more for runners that load CommonJS alone, as Jest does; and the demo pages with the client they import, which
 * are served as they are.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync('tsc --project tsconfig.build.json', { stdio: 'inherit', shell: true })
if (status !== 0) process.exit(status ?? 1)
// A copy of ours: the one beside `dist` is the package's.
rmSync('dist/package.json')
for (const folder of ['demo', 'client/src']) cpSync(folder, `dist/${folder}`, { recursive: true })
// What is read while it runs, and no module.
for (const folder of ['src', 'db/functions'])
  cpSync(folder, `dist/${folder}`, { recursive: true, filter: (path) => !path.endsWith('.ts') })

/** Makes a module of `dist` once more for CommonJS. Its types are those of the ES module, which `require` may name too. */
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
    // Without it a declaration file exports what it only declares.
    'export {}',
  ]
  writeFileSync(`dist/${path}.d.cts`, `${types.join('\n')}\n`)
}
await makeCommonJs('testing/index')
await makeCommonJs('src/providers/define-provider')
