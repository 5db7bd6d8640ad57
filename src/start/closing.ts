/** Takes what closes a part that serves requests, or works beside them. */
export type CloseTogether = Pick<AsyncDisposableStack, 'defer'>

/**
 * Closes several parts at the same time, at this place of the stack: each may wait for what is under way, and one after
 * the other they would take longer than a shutdown may. All are closed even if one fails; then the first failure is thrown.
 */
export const closeTogether = (opened: AsyncDisposableStack): CloseTogether => {
  const closers: (() => PromiseLike<void> | void)[] = []
  opened.defer(async () => {
    const results = await Promise.allSettled(closers.map(async (close) => close()))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  })
  return { defer: (close) => void closers.push(close) }
}
