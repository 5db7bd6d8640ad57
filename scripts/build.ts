/**
 * Builds what the package has in `dist/`: JavaScript and types, since Node strips no types below `node_modules`; the test
 * kit once more for runners that load CommonJS alone, as Jest does; and the demo pages with the client they import, which
 * are served as they are.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync('tsc --project tsconfig.build.json', { stdio: 'inherit', shell: true })
if (status !== 0) process.exit(status ?? 1)
// A copy of ours: the one beside `dist` is the package's.
rmSync('dist/package.json')
for (const folder of ['demo', 'client/src']) cpSync(folder, `dist/${folder}`, { recursive: true })
// What is read while it runs, and no module.
cpSync('src', 'dist/src', { recursive: true, filter: (path) => !path.endsWith('.ts') })

await build({
  entryPoints: ['testing/index.ts'],
  outfile: 'dist/testing/index.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  packages: 'external',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__dirname + '/index.js').href" },
})
writeFileSync('dist/testing/index.d.cts', "export * from './index.js'\n")
