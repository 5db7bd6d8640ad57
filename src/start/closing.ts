/** Registers functions that close the parts which serve requests or work in the background. */
export type CloseTogether = Pick<AsyncDisposableStack, 'defer'>

/**
 * Closes several parts in parallel, at this place of the stack. Each may wait for work in progress, and in sequence they
 * would exceed the time of a shutdown. All parts are closed even if one fails; then the first error is thrown.
 */
export const closeTogether = (opened: AsyncDisposableStack): CloseTogether => {
  const closers: (() => PromiseLike<void> | void)[] = []
  opened.defer(async () => {
    const results = await Promise.allSettled(closers.map(async (close) => close()))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  })
  return { defer: (close) => void closers.push(close) }
}
