#!/usr/bin/env node
// A checkout runs its source as it is; a package has what was built of it.
import { existsSync } from 'node:fs'

const source = new URL('../src/cli/doorcode.ts', import.meta.url)
await import(existsSync(source) ? source.href : '../dist/src/cli/doorcode.js')
