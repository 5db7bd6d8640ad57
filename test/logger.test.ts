import t from 'tap'
import { Problem } from '../src/errors.ts'
import { createLogger } from '../src/start/logger.ts'

/** Creates a logger, and collects its lines. */
const create = (level = 'info') => {
  const lines: string[] = []
  const logger = createLogger(level, { write: (line) => void lines.push(line) })
  const read = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { logger, lines, read }
}

const SECRET = 'hidden'

t.test('writes JSON lines with the level name and an ISO 8601 time, without the host', async (t) => {
  const { logger, lines, read } = create()
  logger.info({ event: 'login_ok', user_id: 'u-1' }, 'login ok')
  t.equal(lines.length, 1)
  const [line] = read()
  t.same(Object.keys(line!).sort(), ['event', 'level', 'msg', 'time', 'user_id'])
  t.match(line, { level: 'info', event: 'login_ok', user_id: 'u-1', msg: 'login ok' })
  t.equal(new Date(line!['time'] as string).toISOString(), line!['time'])
})

t.test('drops lines below the level', async (t) => {
  const { logger, lines } = create('warn')
  logger.info('quiet')
  logger.warn('loud')
  t.equal(lines.length, 1)
  const silent = create('silent')
  silent.logger.fatal('quiet')
  t.equal(silent.lines.length, 0)
})

t.test('redacts members that hold secrets, at the top and one level down', async (t) => {
  for (const member of ['password', 'code_value', 'pending_token', 'access_token', 'authorization', 'secret', 'body']) {
    const { logger, lines, read } = create()
    logger.info({ [member]: SECRET, headers: { [member]: SECRET }, harmless: 'kept' })
    t.notMatch(lines.join(''), SECRET, member)
    t.match(read(), [{ harmless: 'kept', [member]: '[Redacted]' }])
  }
})

t.test('never logs whole requests or replies', async (t) => {
  const { logger, lines } = create()
  logger.info({ req: { url: SECRET, headers: { cookie: SECRET } }, res: { payload: SECRET } }, 'request')
  t.notMatch(lines.join(''), SECRET)
})

t.test('logs an error with its type, code, message and stack', async (t) => {
  const { logger, read } = create()
  logger.error({ err: Object.assign(new TypeError('broken'), { code: 'E_BROKEN' }) })
  t.match(read(), [{ err: { type: 'TypeError', code: 'E_BROKEN', message: 'broken', stack: /logger\.test/ } }])
})

t.test('drops the rows and values that a database adds to its errors', async (t) => {
  const { logger, lines, read } = create()
  const error = Object.assign(new Error('duplicate key value violates unique constraint'), {
    code: '23505',
    detail: `Key (username)=(${SECRET}) already exists.`,
    where: SECRET,
    parameters: [SECRET],
    query: SECRET,
    internalQuery: SECRET,
  })
  logger.error({ err: error })
  logger.error(error)
  logger.error({ err: new Problem('service_unavailable', { retryAfter: 5, cause: error }) })
  t.notMatch(lines.join(''), SECRET)
  t.equal(lines.length, 3)
  t.match(read()[2], {
    err: { type: 'Problem', code: 'service_unavailable', cause: { code: '23505', message: /^duplicate key/ } },
  })
})

t.test('logs thrown values that are not errors', async (t) => {
  const { logger, read } = create()
  logger.error({ err: 'a string' })
  logger.error({ err: { password: SECRET } })
  t.match(read(), [{ err: { message: 'a string' } }, { err: { message: '[object Object]' } }])
})
