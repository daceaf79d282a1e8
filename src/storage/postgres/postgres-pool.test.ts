import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Secret } from '../../lib/secret.ts'
import { openPostgresPool } from './postgres-pool.ts'

/** AuthenticationOk and ReadyForQuery: whoever connects is welcome. */
const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])
const sockets: Socket[] = []
let server: Server

// A database that is suspended, or whose disk hangs: its system still takes what is sent.
beforeEach(async () => {
  server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(welcome))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

test('a database that hangs is not waited for for ever, and its connection is not used again', {
  timeout: 5000,
}, async () => {
  const { port } = server.address() as AddressInfo
  const url = new Secret(`postgres://gateway@127.0.0.1:${port}/events`)
  const pool = openPostgresPool({ url, connections: 1, statementMs: 50, onError: () => undefined })
  const write = () => pool.write((session) => session.run('select 1'))
  await expect(write()).rejects.toThrow('timeout')
  await expect(write()).rejects.toThrow('timeout')
  expect(sockets).toHaveLength(2)
  await pool.close()
})
