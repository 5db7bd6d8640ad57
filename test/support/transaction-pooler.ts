import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import pg from 'pg'

/** Protocol messages that end a turn: Sync and Query from a client, ReadyForQuery from a server. */
const ENDS_A_TURN = new Set(['S', 'Q'])

/** Splits a stream into messages: a letter, a length and a body. */
const readMessages = (onMessage: (letter: string, message: Buffer) => void) => {
  let rest = Buffer.alloc(0)
  return (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      const message = rest.subarray(0, 1 + rest.readUInt32BE(1))
      rest = rest.subarray(message.length)
      onMessage(String.fromCharCode(message[0]!), message)
    }
  }
}

/** AuthenticationOk and ReadyForQuery. */
const WELCOME = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1')

/**
 * Starts a pooler in transaction mode, which gives all clients turns on one Postgres connection. Returns its address.
 * It ends with the process, because a test closes its connections only at its end.
 */
export const startTransactionPooler = async (url: string): Promise<string> => {
  const backend = new pg.Client({ connectionString: url })
  backend.on('error', () => {})
  await backend.connect()
  const { stream } = (backend as unknown as { connection: { stream: Socket } }).connection
  stream.removeAllListeners('data')
  let isDone = () => {}
  let client: Socket | undefined
  stream.on(
    'data',
    readMessages((letter, message) => {
      client?.write(message)
      if (letter === 'Z') isDone()
    }),
  )
  let turns = Promise.resolve()
  const takeTurn = (socket: Socket, request: Buffer) => {
    turns = turns.then(async () => {
      const done = new Promise<void>((resolve) => {
        isDone = resolve
      })
      client = socket
      stream.write(request)
      await done
    })
  }

  const server = createServer((socket) => {
    socket.unref().on('error', () => {})
    // The startup message has no letter; every client is accepted.
    socket.once('data', () => {
      socket.write(WELCOME)
      let request: Buffer[] = []
      socket.on(
        'data',
        readMessages((letter, message) => {
          request.push(message)
          if (letter === 'X') socket.end()
          if (!ENDS_A_TURN.has(letter)) return
          takeTurn(socket, Buffer.concat(request))
          request = []
        }),
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  stream.unref()
  const pooled = new URL(url)
  pooled.hostname = '127.0.0.1'
  pooled.port = String((server.address() as AddressInfo).port)
  return pooled.href
}
