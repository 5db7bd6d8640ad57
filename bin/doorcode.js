#!/usr/bin/env node
// Runs the source of a checkout on the Node that it pins, or the build of a package. This file must also run on older versions
// of Node.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
const isTooOld = major < 24 || (major === 24 && minor < 12)

/** Runs this program again on the Node that the checkout pins, and exits with its code or signal. */
const runOnPinnedNode = async (node) => {
  const { spawn } = await import('node:child_process')
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C reaches both processes; other signals are forwarded to the child.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name)
    if (signal) process.kill(process.pid, signal)
    else process.exitCode = code
  })
}

if (isTooOld) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const pinned = fileURLToPath(new URL(`../node_modules/node/bin/${name}`, import.meta.url))
  if (existsSync(pinned)) await runOnPinnedNode(pinned)
  else {
    process.stderr.write(`Doorcode needs Node 24.12 or later, but this is ${process.version}. Install a newer Node.\n`)
    process.exitCode = 1
  }
} else {
  const source = new URL('../src/', import.meta.url)
  const [folder, ext] = existsSync(source) ? [source, 'ts'] : [new URL('../dist/src/', import.meta.url), 'js']
  const { keepCompiled } = await import(new URL(`start/compile-cache.${ext}`, folder).href)
  keepCompiled()
  await import(new URL(`cli/doorcode.${ext}`, folder).href)
}
