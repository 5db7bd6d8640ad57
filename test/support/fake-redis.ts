import { createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A server that implements the part of the Redis protocol that rate limits need. */
export interface FakeRedis {
  port: number
  /** The number of received commands, with or without a reply. */
  commands: number
  /** `hang` sends no replies. */
  mode: 'answer' | 'hang'
  /** The time to live of counters, in ms. */
  ttl: number
}

/** Reads the arrays of bulk strings in a chunk, which always contains whole commands here. */
const readCommands = (text: string): string[][] => {
  const commands: string[][] = []
  const lines = text.split('\r\n')
  for (let at = 0; lines[at]?.startsWith('*'); ) {
    const length = Number(lines[at]!.slice(1))
    commands.push(Array.from({ length }, (_, nth) => lines[at + 2 * nth + 2]!))
    at += 2 * length + 1
  }
  return commands
}

/** Starts a server that ends with the test. */
export const startFakeRedis = async (t: Test): Promise<FakeRedis> => {
  const counts = new Map<string, number>()
  const sockets = new Set<Socket>()
  const fake: FakeRedis = { port: 0, commands: 0, mode: 'answer', ttl: 60_000 }
  const answer = ([name, ...args]: string[]): string => {
    switch (name?.toLowerCase()) {
      case 'info': {
        const info = 'redis_version:8.0.0\r\nloading:0\r\n'
        return `$${info.length}\r\n${info}\r\n`
      }
      case 'eval':
      case 'evalsha': {
        const key = args[2]!
        counts.set(key, (counts.get(key) ?? 0) + 1)
        return `*2\r\n:${counts.get(key)}\r\n:${fake.ttl}\r\n`
      }
      default:
        return '+OK\r\n'
    }
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const command of readCommands(chunk.toString('latin1'))) {
        fake.commands += 1
        if (fake.mode === 'answer') socket.write(answer(command))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  fake.port = (server.address() as { port: number }).port
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return fake
}
