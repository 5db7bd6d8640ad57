import { type DestinationStream, type Logger, pino } from 'pino'

/** The depth to which causes are logged; an error may be its own cause. */
const MAX_CAUSES = 5

/**
 * Returns an error for the log: its type, code, message and stack, without the detail, in which a database puts values.
 */
const describeError = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error)) return { message: String(error) }
  return {
    type: error.name,
    code: (error as NodeJS.ErrnoException).code,
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined || depth === MAX_CAUSES ? {} : { cause: describeError(error.cause, depth + 1) }),
  }
}

/** Members that are always secret; no code logs them on purpose. */
const SECRET_MEMBERS = ['password', 'code_value', 'pending_token', 'access_token', 'authorization', 'secret', 'body']

/** Creates the logger: JSON lines to standard output, or to `destination`. */
export const createLogger = (level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: SECRET_MEMBERS.flatMap((member) => [member, `*.${member}`]),
      // Requests and replies are never logged as a whole.
      serializers: { err: (error) => describeError(error), req: () => undefined, res: () => undefined },
    },
    destination ?? pino.destination(1),
  )

/** Returns a destination with readable lines for a terminal outside production; undefined for JSON to standard output. */
export const prettyWhenWatched = async (production: boolean) => {
  if (production || !process.stdout.isTTY) return undefined
  const { default: pretty } = await import('pino-pretty')
  return pretty({ colorize: true, ignore: 'event,request_id', sync: true })
}
