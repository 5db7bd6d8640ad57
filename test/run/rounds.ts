/** Returns the number of repetitions of a test: `quick` in `npm test`, `all` in `npm run test:all`. */
export const rounds = ({ quick, all }: { quick: number; all: number }): number =>
  process.env['TEST_ROUNDS'] === 'all' ? all : quick
