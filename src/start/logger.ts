import { type DestinationStream, type Logger, pino } from 'pino'

/** Causes of causes that are logged; an error may even be its own. */
const MAX_CAUSES = 5

/** An error for the log: its kind and message, without the details that a database puts values into. */
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

/** Members that hold a secret wherever they turn up; nothing logs them on purpose. */
const SECRET_MEMBERS = ['password', 'code_value', 'pending_token', 'access_token', 'authorization', 'secret', 'body']

/** JSON lines, to standard output or wherever `destination` leads. */
export const createLogger = (level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: SECRET_MEMBERS.flatMap((member) => [member, `*.${member}`]),
      // Requests and replies are never logged whole.
      serializers: { err: (error) => describeError(error), req: () => undefined, res: () => undefined },
    },
    destination ?? pino.destination(1),
  )

/** Where to write lines for people on a terminal, outside production; undefined for JSON to stdout. */
export const prettyWhenWatched = async (production: boolean) => {
  if (production || !process.stdout.isTTY) return undefined
  const { default: pretty } = await import('pino-pretty')
  return pretty({ colorize: true, ignore: 'event,request_id', sync: true })
}
