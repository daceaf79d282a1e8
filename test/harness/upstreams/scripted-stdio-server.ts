// A stdio server of 2025-11-25 without a library, whose tools do what real ones should not. Run as a program.
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'

interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: {
    readonly name?: string
    readonly arguments?: Record<string, unknown>
    readonly _meta?: { readonly progressToken?: unknown }
  }
  readonly result?: unknown
  readonly error?: unknown
}

const flags = new Set(process.argv.slice(2))
const received: string[] = []
const waiting = new Map<string, unknown>()
const questions = new Map<string, unknown>()
let lastQuestion = 0

const pidFile = process.env.PID_FILE
if (pidFile) appendFileSync(pidFile, `${process.pid}\n`)

if (flags.has('--crash')) {
  console.error(`cannot start with key ${process.env.UPSTREAM_KEY}`)
  process.exit(3)
}
if (flags.has('--stubborn')) {
  // Outlives the end of its input and every polite signal.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  setInterval(() => {}, 1000)
}
if (flags.has('--children')) startChild('setsid')

function startChild(kind: 'plain' | 'setsid'): ChildProcess {
  const child = spawn('/bin/sh', ['-c', "trap '' TERM HUP; sleep 1000; true"], {
    stdio: 'ignore',
    // One leaves the group, the other forgets its environment: each is found by what it keeps.
    ...(kind === 'setsid' ? { detached: true } : { env: {} }),
  })
  if (pidFile) appendFileSync(pidFile, `${child.pid}\n`)
  return child
}

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

function text(id: unknown, value: unknown): void {
  send({ id, result: { content: [{ type: 'text', text: JSON.stringify(value) }] } })
}

const tools: { readonly [name: string]: (id: unknown, input: Record<string, unknown>, message: Message) => void } = {
  pid: (id) => text(id, process.pid),
  environment: (id) => text(id, { env: process.env, argv: process.argv.slice(2), cwd: process.cwd() }),
  children: (id) => text(id, [startChild('plain').pid, startChild('setsid').pid]),
  crash: () => process.exit(3),
  ask: (id, { question }) => {
    const name = `q${++lastQuestion}`
    questions.set(name, id)
    const requestedSchema = { type: 'object', properties: { answer: { type: 'string' } } }
    send({ id: name, method: 'elicitation/create', params: { message: question, requestedSchema } })
  },
  say: (id, { what }, { params }) => {
    const token = params?._meta?.progressToken
    send({ method: 'notifications/progress', params: { progressToken: token, progress: 1, message: what } })
    send({ method: 'notifications/message', params: { level: 'info', data: what } })
    text(id, { said: what, token })
  },
  wait: (id, { name }) => void waiting.set(String(name), id),
  waiters: (id) => text(id, [...waiting.keys()]),
  release: (id, { name, secret }) => {
    text(waiting.get(String(name)), { released: name, secret })
    waiting.delete(String(name))
    text(id, 'done')
  },
  shout: (id, { what }) => {
    send({ method: 'notifications/message', params: { level: 'info', data: what } })
    send({ id: 'shout', method: 'elicitation/create', params: { message: what, requestedSchema: { type: 'object' } } })
    text(id, 'shouted')
  },
  announce: (id) => {
    send({ method: 'notifications/tools/list_changed' })
    text(id, 'announced')
  },
  update: (id, { uri }) => {
    send({ method: 'notifications/resources/updated', params: { uri } })
    send({ method: 'notifications/message', params: { level: 'info', data: uri } })
    text(id, 'updated')
  },
  // After the answer, when nobody calls.
  later: (id, { what }) => {
    text(id, 'soon')
    send({ method: 'notifications/tools/list_changed' })
    send({ method: 'notifications/resources/updated', params: { uri: what } })
    send({ method: 'notifications/message', params: { level: 'info', data: what } })
  },
  flood: (id, { lines }) => {
    for (let index = 0; index < Number(lines); index++) {
      send({ method: 'notifications/message', params: { level: 'debug', data: 'x'.repeat(200) } })
      process.stderr.write(`${'y'.repeat(200)}\n`)
    }
    text(id, 'flooded')
  },
  long: (id, { bytes }) => text(id, 'x'.repeat(Number(bytes))),
  endless: (_, { bytes }) => void process.stdout.write('x'.repeat(Number(bytes))),
  trash: (id) => {
    process.stdout.write(
      'Welcome to the server!\n\r\n{"jsonrpc":"2.0","id":\n[1,2]\nnull\n{"jsonrpc":"2.0","id":99999,"result":{}}\n',
    )
    text(id, 'after the trash')
  },
  received: (id) => text(id, received),
  stderr: (id, { line }) => {
    process.stderr.write(`${String(line)} ${process.env.UPSTREAM_KEY}\n`)
    text(id, 'written')
  },
}

const capabilities = { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} }

function answer(message: Message): void {
  const { id, method, params } = message
  if (method === undefined) {
    const asked = questions.get(String(id))
    if (asked !== undefined) text(asked, { answer: message.result ?? message.error })
  } else if (method === 'initialize') {
    if (flags.has('--silent')) return
    send({
      id,
      result: { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'scripted', version: '1.0.0' } },
    })
  } else if (method === 'tools/list') {
    send({ id, result: { tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })) } })
  } else if (method === 'tools/call') {
    tools[params?.name ?? '']?.(id, params?.arguments ?? {}, message)
  } else if (method === 'logging/setLevel' || /^resources\/(un)?subscribe$/.test(method)) send({ id, result: {} })
  else if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } })
}

// As many servers do: lines end also where Node's readline and Python's splitlines end them.
let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split(/\r\n|[\n\r\u0085\u2028\u2029]/)
  rest = lines.pop() ?? ''
  for (const line of lines.filter((each) => each !== '')) {
    received.push(line)
    answer(JSON.parse(line) as Message)
  }
})
process.stdin.on('end', () => {
  if (!flags.has('--stubborn')) process.exit(0)
})
