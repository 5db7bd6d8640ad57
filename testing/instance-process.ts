import { type ChildProcess, fork } from 'node:child_process'
import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { SentMessage } from '../src/providers/development/outbox.ts'
import { CACHE_FOLDER } from '../src/start/cache-folder.ts'
import type { InstanceCall, InstanceCalls, InstanceMessage } from './instance-protocol.ts'

/** An instance in a separate process, which does not keep the test process alive. */
export interface InstanceProcess {
  /** Calls the instance. Throws its error, or an error with its last output if it has ended. */
  call<Name extends keyof InstanceCalls>(
    name: Name,
    given: InstanceCalls[Name]['given'],
  ): Promise<InstanceCalls[Name]['answer']>
  /** Ends the process, with force if needed. Resolves when it has ended. */
  end(): Promise<void>
}

/** Maximum length of the kept output in characters, for errors about an instance that ended. */
const KEPT_OUTPUT = 4_000

/** Maximum time for an instance to end, in ms. */
const MAX_END_MS = 15_000

/** Creates an error of the instance, with the `code` of a problem. */
const errorOf = ({ message, code }: { message: string; code?: string | undefined }): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code })

/** Returns a function that returns the last output of the instance. */
const watchOutput = (child: ChildProcess): (() => string) => {
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      written = (written + chunk).slice(-KEPT_OUTPUT)
    })
    ;(stream as { unref?: () => void } | null)?.unref?.()
  }
  return () => written.trim()
}

/**
 * Starts the process of an instance. It inherits the environment, so that it finds Docker, without `NODE_OPTIONS` of the
 * tests. Settings never come from the environment.
 */
export const startInstanceProcess = ({
  stdio,
  onKept,
}: {
  stdio: 'inherit' | 'ignore'
  onKept: (message: SentMessage) => void
}): InstanceProcess => {
  const { NODE_OPTIONS: _, ...env } = process.env
  const file = fileURLToPath(new URL(`./instance${extname(import.meta.url)}`, import.meta.url))
  const output = stdio === 'inherit' ? 'inherit' : 'pipe'
  const child = fork(file, {
    env: { NODE_COMPILE_CACHE: join(CACHE_FOLDER, 'compiled'), ...env },
    execArgv: [],
    stdio: ['ignore', output, output, 'ipc'],
  })
  const written = watchOutput(child)
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  let calls = 0

  /** Keeps the test process alive only while it waits for responses. */
  const stayFor = (how: 'ref' | 'unref') => {
    child[how]()
    child.channel?.[how]()
  }
  const settle = (id: number) => {
    const one = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) stayFor('unref')
    return one
  }
  stayFor('unref')
  child.on('message', (message: InstanceMessage) => {
    if ('kept' in message) onKept(message.kept)
    else if ('fault' in message) settle(message.id)?.reject(errorOf(message.fault))
    else settle(message.id)?.resolve(message.answer as never)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const id of [...waiting.keys()])
        settle(id)?.reject(new Error(`Doorcode has ended (${signal ?? code}).\n${written()}`))
      resolve()
    })
  })

  return {
    call: (name, given) =>
      new Promise((resolve, reject) => {
        if (!child.connected) throw new Error(`Doorcode is no longer running.\n${written()}`)
        calls += 1
        waiting.set(calls, { resolve, reject })
        stayFor('ref')
        // The exit of the process rejects a call that is lost.
        child.send({ id: calls, name, given } as InstanceCall, () => {})
      }),
    async end() {
      child.ref()
      if (child.connected) child.disconnect()
      const late = new AbortController()
      await Promise.race([
        ended,
        sleep(MAX_END_MS, undefined, { signal: late.signal }).then(
          () => child.kill('SIGKILL'),
          () => {},
        ),
      ])
      await ended
      late.abort()
    },
  }
}
