// The upstream of the benchmark for machines without a C compiler; same arguments and answers as bench/upstream.c.
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'

const [key = '', ...rest] = process.argv.slice(2)
const answers = Array.from({ length: rest.length / 3 }, (_, index) => {
  const [needle = '', contentType = '', file = ''] = rest.slice(index * 3, index * 3 + 3)
  const [before = '', after = ''] = readFileSync(file, 'latin1').split('@ID@')
  return { needle, contentType, before, after }
})

function composeAnswer(head: string, body: string): string {
  if (!head.includes(key)) return 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'
  const answer = answers.find(({ needle }) => body.includes(needle))
  if (!answer) return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
  const id = /"id":("[^"]*"|[^,} ]+)/.exec(body)?.[1] ?? 'null'
  const text = answer.before + id + answer.after
  const type = `HTTP/1.1 200 OK\r\nContent-Type: ${answer.contentType}\r\n`
  return answer.contentType === 'text/event-stream'
    ? `${type}Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
    : `${type}Content-Length: ${text.length}\r\n\r\n${text}`
}

/** Answers the complete requests at the start of what was received; returns what is left over. */
function answerRequests(socket: Socket, received: string): string {
  for (;;) {
    const headBytes = received.indexOf('\r\n\r\n') + 4
    if (headBytes < 4) return received
    const head = received.slice(0, headBytes)
    const whole = headBytes + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (received.length < whole) return received
    socket.write(composeAnswer(head, received.slice(headBytes, whole)), 'latin1')
    received = received.slice(whole)
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    received = answerRequests(socket, received + chunk)
  })
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address !== 'string') process.stdout.write(`${address.port}\n`)
})
