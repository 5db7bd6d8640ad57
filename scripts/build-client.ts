/**
 * Builds the client as CommonJS in `client/dist/cjs`, for runners that cannot require ES modules, such as Jest. The types
 * are the same files; the `package.json` beside them declares the module system.
 */
import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const client = fileURLToPath(new URL('../client/', import.meta.url))
const from = `${client}dist`
const to = `${from}/cjs`

rmSync(to, { recursive: true, force: true })
await build({
  entryPoints: [`${client}src/index.ts`],
  outfile: `${to}/index.js`,
  bundle: true,
  platform: 'neutral',
  target: 'es2022',
  format: 'cjs',
})
for (const file of readdirSync(from)) if (file.endsWith('.d.ts')) copyFileSync(`${from}/${file}`, `${to}/${file}`)
writeFileSync(`${to}/package.json`, '{ "type": "commonjs" }\n')
