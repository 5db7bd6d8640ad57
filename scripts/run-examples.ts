/**
 * Packs this project as for a registry, installs it into `examples/` and runs their tests. Arguments select examples:
 * `npm run examples -- spa mobile`.
 */
import { execFileSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const examples = `${root}examples`
const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })

const [{ filename }] = JSON.parse(String(npm(root, 'pack', '--json', '--pack-destination', examples)))
renameSync(`${examples}/${filename}`, `${examples}/doorcode.tgz`)
npm(examples, 'ci')

const wanted = process.argv.slice(2).map((name) => `--workspace=${name}`)
execFileSync('npm', ['test', ...(wanted.length > 0 ? wanted : ['--workspaces'])], { cwd: examples, stdio: 'inherit' })
