#!/usr/bin/env node
import { run } from './run.ts'

const { env, stdin, stdout, stderr } = process

// A reader such as `head` may close the pipe early; the command still finishes its work.
stdout.on('error', () => {})
stderr.on('error', () => {})

// Sets exitCode and does not call process.exit(), so that buffered output still reaches a pipe.
process.exitCode = await run(process.argv.slice(2), { env, stdin, stdout, stderr })
