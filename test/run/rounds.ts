/** Returns how often a test repeats itself: a few times in `npm test`, as often as it takes in `npm run test:all`. */
export const rounds = ({ quick, all }: { quick: number; all: number }): number =>
  process.env['TEST_ROUNDS'] === 'all' ? all : quick
