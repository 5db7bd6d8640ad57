import { type ChildProcess, fork } from 'node:child_process'
import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { SentMessage } from '../src/providers/development/outbox.ts'
import { CACHE_FOLDER } from '../src/start/cache-folder.ts'
import type { InstanceCall, InstanceCalls, InstanceMessage } from './instance-protocol.ts'

/** An instance in a process of its own, that keeps no test's process alive. */
export interface InstanceProcess {
  /** Asks it. Throws what it says is wrong, or with what it wrote last when it has ended. */
  call<Name extends keyof InstanceCalls>(
    name: Name,
    given: InstanceCalls[Name]['given'],
  ): Promise<InstanceCalls[Name]['answer']>
  /** Resolves when it has ended; one that does not end by itself is ended. */
  end(): Promise<void>
}

/** How much of what it wrote is kept for whoever has to find out why it ended, in characters. */
const KEPT_OUTPUT = 4_000

/** How long an instance may take to end, in ms. */
const LONGEST_END = 15_000

/** An error of the instance, with the `code` of the problem where it is one. */
const errorOf = ({ message, code }: { message: string; code?: string | undefined }): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code })

/** The end of what it writes, or all of it on our own output. */
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
 * Starts the process of an instance. It gets the environment, so that it finds Docker, but not what is meant for the
 * runtime of tests; settings are never read from it.
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

  /** A test's process stays for answers alone, or for what comes instead of them. */
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
        if (!child.connected) throw new Error(`Doorcode is not running any more.\n${written()}`)
        calls += 1
        waiting.set(calls, { resolve, reject })
        stayFor('ref')
        // One that is lost on the way is answered by the end of the process.
        child.send({ id: calls, name, given } as InstanceCall, () => {})
      }),
    async end() {
      child.ref()
      if (child.connected) child.disconnect()
      const late = new AbortController()
      await Promise.race([
        ended,
        sleep(LONGEST_END, undefined, { signal: late.signal }).then(
          () => child.kill('SIGKILL'),
          () => {},
        ),
      ])
      await ended
      late.abort()
    },
  }
}
