/**
 * Stands for `async-hook-domain`, by which tap follows every promise to know which test an uncaught error belongs to. That
 * is a tenth of a run. Without it such an error ends the process, and the suite fails the file that was running.
 */
export const Domain = class {
  destroy(): void {}
}
