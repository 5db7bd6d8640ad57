import { createHash } from 'node:crypto'
import type { Source } from './key-set.ts'

/** What is in force, and whoever asks again is given what is in force by then. */
export interface Ring<S> {
  /** The same set until another one takes its place. Never throws, and never reads anything. */
  current(): S
}

/** A ring whose set may change where it is kept. */
export interface WatchedRing<S> extends Ring<S> {
  /** Looks whether it has changed. Never throws. */
  look(): Promise<void>
  /** Looks every so many ms from now on, and keeps no process alive; returns what ends that. */
  watch(every: number): () => void
}

/** Where a set is kept, and whom to tell of it. */
export interface RingOptions<S> {
  read: () => Promise<readonly Source[]>
  /** Throws where the texts are not a set. */
  parse: (sources: readonly Source[]) => S
  onChange: (set: S) => void
  /** Told once for each change that is refused. */
  onRefused: (error: Error) => void
}

/** A ring that never changes. */
export const fixedRing = <S>(set: S): Ring<S> => ({ current: () => set })

const fingerprint = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64')

/**
 * Opens a ring; throws where there is no right set to begin with. Later a change is taken up when two looks in a row
 * found it alike, since a file may be found half-written, and still read like a whole one. What cannot be read, or is no
 * set, changes nothing.
 */
export const openRing = async <S>({ read, parse, onChange, onRefused }: RingOptions<S>): Promise<WatchedRing<S>> => {
  /** What was found: a set to take up, or a reason against it. */
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
  /** A folder that hangs must not pile up looks at it. */
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
