#!/usr/bin/env node
import { run } from './run.ts'

const { env, stdin, stdout, stderr } = process

// Whoever reads our output may leave before it ends, as `head` does; what was begun is finished all the same.
stdout.on('error', () => {})
stderr.on('error', () => {})

// Set and not called: what is still on its way out to a pipe must arrive.
process.exitCode = await run(process.argv.slice(2), { env, stdin, stdout, stderr })
