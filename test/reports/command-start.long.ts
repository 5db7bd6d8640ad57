/** Runs the command in a checkout: without an installation, without extra output, on a supported Node. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryFolder } from '../support/server-process.ts'

/** Creates a minimal checkout after `npm ci`, with the linked commands of the workspaces. */
const createCheckout = (t: Test): string => {
  const checkout = join(temporaryFolder(t), 'checkout')
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'bin', 'src'])
    cpSync(name, join(checkout, name), { recursive: true })
  const links = join(checkout, 'node_modules', '.bin')
  mkdirSync(links, { recursive: true })
  for (const workspace of JSON.parse(readFileSync('package.json', 'utf8')).workspaces as string[]) {
    const { bin = {} } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8'))
    for (const [name, path] of Object.entries(bin))
      symlinkSync(relative(links, join(checkout, workspace, String(path))), join(links, name))
  }
  const pinned = join(checkout, 'node_modules', 'node', 'bin')
  mkdirSync(pinned, { recursive: true })
  symlinkSync(process.execPath, join(pinned, 'node'))
  symlinkSync(join('..', 'node', 'bin', 'node'), join(links, 'node'))
  return checkout
}

const runIn = (cwd: string, [program = '', ...args]: string[], env: Record<string, string> = {}) => {
  const { NODE_OPTIONS: _, ...ours } = process.env
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env: { ...ours, ...env }, encoding: 'utf8' })
  return { status, stdout, stderr }
}

const HELP = { status: 0, stdout: /^Usage: npx doorcode/, stderr: '' }

/** A module that makes Node report version 20; child processes are not affected. */
const AS_NODE_20 = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`

t.test('runs through npx without an installation or extra output', async (t) => {
  const checkout = createCheckout(t)
  const cache = join(checkout, 'npm-cache')
  t.match(runIn(checkout, ['npx', 'doorcode', 'help'], { npm_config_cache: cache }), HELP)
  t.notOk(existsSync(join(cache, '_npx')), 'npx installs no copy of the project')
})

t.test('hands over from an older Node to the pinned one, with arguments and exit code', async (t) => {
  const checkout = createCheckout(t)
  const run = (...args: string[]) =>
    runIn(checkout, [process.execPath, '--import', AS_NODE_20, 'bin/doorcode.js', ...args])
  t.match(run('help'), HELP)
  t.match(run('no-such-command'), { status: 2, stderr: /^Unknown command "no-such-command"/ })
  const pinned = join(checkout, 'node_modules', 'node', 'bin', 'node')
  rmSync(pinned)
  writeFileSync(pinned, '#!/bin/sh\necho "handed over: $2"; exit 7', { mode: 0o755 })
  t.match(run('help'), { status: 7, stdout: 'handed over: help' })
  rmSync(join(checkout, 'node_modules', 'node'), { recursive: true })
  t.match(
    run('help'),
    { status: 1, stdout: '', stderr: /^Doorcode needs Node 24\.12 or later/ },
    'without a pinned Node',
  )
})

t.test('caches compiled code in node_modules, unless other users can write there', async (t) => {
  const checkout = createCheckout(t)
  const folder = join(checkout, 'node_modules', '.cache', 'doorcode', 'compiled')
  const run = () => runIn(checkout, [process.execPath, 'bin/doorcode.js', 'help'], { NODE_COMPILE_CACHE: '' })
  t.match(run(), HELP)
  t.equal(readdirSync(folder).length, 1)
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  t.match(run(), HELP)
  t.strictSame(readdirSync(folder), [])
  rmSync(join(checkout, 'node_modules', '.cache'), { recursive: true })
  cpSync('package.json', join(checkout, 'node_modules', '.cache'))
  t.match(run(), HELP, 'runs without a cache folder')
})
