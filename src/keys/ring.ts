import { createHash } from 'node:crypto'
import type { Source } from './key-set.ts'

/** The current set of keys or secrets. Read it for each use, because it may rotate. */
export interface Ring<S> {
  /** Returns the same set until it is replaced. Never throws, and reads no file. */
  current(): S
}

/** A ring whose set changes when its files change. */
export interface WatchedRing<S> extends Ring<S> {
  /** Looks for a change. Never throws. */
  look(): Promise<void>
  /** Looks for changes every given ms, without keeping the process alive. Returns the function that stops it. */
  watch(every: number): () => void
}

/** The source of a set, and the callbacks for its changes. */
export interface RingOptions<S> {
  read: () => Promise<readonly Source[]>
  /** Parses the set. Throws when the texts are invalid. */
  parse: (sources: readonly Source[]) => S
  onChange: (set: S) => void
  /** Called once for each change that is refused. */
  onRefused: (error: Error) => void
}

/** Makes a ring that never changes. */
export const fixedRing = <S>(set: S): Ring<S> => ({ current: () => set })

const fingerprint = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64')

/**
 * Opens a ring. Throws when the first set is invalid. A later change counts when two looks in a row find the same
 * texts, because a half-written file may look complete. A set that cannot be read or is invalid changes nothing.
 */
export const openRing = async <S>({ read, parse, onChange, onRefused }: RingOptions<S>): Promise<WatchedRing<S>> => {
  /** Returns what is stored now: a set, or the error of reading it. */
  const find = async (): Promise<{ mark: string; take: () => S }> => {
    try {
      const sources = await read()
      return { mark: fingerprint(sources), take: () => parse(sources) }
    } catch (error) {
      return {
        mark: fingerprint((error as Error).message),
        take: () => {
          throw error
        },
      }
    }
  }
  const begun = await find()
  let set = begun.take()
  let found = begun.mark
  let judged = begun.mark
  let underWay: Promise<void> | undefined

  const lookOnce = async () => {
    const { mark, take } = await find()
    const settled = mark === found
    found = mark
    if (!settled || mark === judged) return
    judged = mark
    try {
      set = take()
    } catch (error) {
      onRefused(error as Error)
      return
    }
    onChange(set)
  }
  /** Looks once at a time, so that looks do not pile up when a folder hangs. */
  const look = () => {
    underWay ??= lookOnce().finally(() => {
      underWay = undefined
    })
    return underWay
  }

  return {
    current: () => set,
    look,
    watch(every) {
      const timer = setInterval(() => void look(), every).unref()
      return () => clearInterval(timer)
    },
  }
}
