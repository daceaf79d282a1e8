// A stdio server that speaks 2026-07-28 alone, without a library. Run as a program.

type Members = Record<string, unknown>

interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Members & { readonly _meta?: Members }
}

const prefix = 'io.modelcontextprotocol/'
const _meta = { [`${prefix}serverInfo`]: { name: 'scripted-modern', version: '1.0.0' } }
const capabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  logging: {},
}
const received: Message[] = []
/** Ids of the subscriptions that are open, with what each is about. */
const listening = new Map<unknown, Members>()

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

function complete(id: unknown, result: object): void {
  send({ id, result: { resultType: 'complete', ...result, _meta } })
}

const text = (value: unknown) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] })

const requestedSchema = { type: 'object', properties: { answer: { type: 'string' } } }

const tools: { readonly [name: string]: (id: unknown, params: Members & { readonly _meta?: Members }) => void } = {
  pid: (id) => complete(id, text(process.pid)),
  received: (id) => complete(id, text(received)),
  say: (id, { _meta: meta = {} }) => {
    const { progressToken } = meta
    if (progressToken !== undefined) {
      send({ method: 'notifications/progress', params: { progressToken, progress: 1, total: 2 } })
    }
    const level = meta[`${prefix}logLevel`]
    if (level !== undefined) send({ method: 'notifications/message', params: { level, data: 'said' } })
    complete(id, text({ level: level ?? null }))
  },
  ask: (id, { inputResponses, requestState }) => {
    if (inputResponses !== undefined) return complete(id, text({ inputResponses, requestState }))
    const params = { mode: 'form', message: 'Which?', requestedSchema }
    const inputRequests = { which: { method: 'elicitation/create', params } }
    send({ id, result: { resultType: 'input_required', inputRequests, requestState: 'state-1', _meta } })
  },
  number: (id) => complete(id, { ...text(5), structuredContent: 5 }),
  hold: () => {},
  crash: () => process.exit(3),
  announce: (id, { arguments: input }) => {
    const { uri } = input as { uri: string }
    for (const [subscriptionId, { toolsListChanged, resourceSubscriptions }] of listening) {
      const tag = { _meta: { [`${prefix}subscriptionId`]: subscriptionId } }
      if (toolsListChanged) send({ method: 'notifications/tools/list_changed', params: tag })
      if (Array.isArray(resourceSubscriptions) && resourceSubscriptions.includes(uri)) {
        send({ method: 'notifications/resources/updated', params: { uri, ...tag } })
      }
    }
    complete(id, text('announced'))
  },
}

const listed = Object.keys(tools).map((name) => ({
  name,
  inputSchema: { type: 'object' },
  ...(name === 'number' && { outputSchema: { type: 'number' } }),
}))

function answer({ id, method = '', params = {} }: Message): void {
  if (id === undefined) {
    if (method === 'notifications/cancelled') listening.delete(params['requestId'])
    return
  }
  if (params._meta?.[`${prefix}protocolVersion`] !== '2026-07-28') {
    send({ id, error: { code: -32602, message: 'The envelope of 2026-07-28 is missing' } })
  } else if (method === 'server/discover') {
    complete(id, {
      supportedVersions: ['2026-07-28'],
      capabilities,
      instructions: 'Ask.',
      ttlMs: 0,
      cacheScope: 'private',
    })
  } else if (method === 'tools/list') complete(id, { tools: listed, ttlMs: 0, cacheScope: 'private' })
  else if (method === 'subscriptions/listen') {
    const notifications = params['notifications'] as Members
    listening.set(id, notifications)
    const tag = { [`${prefix}subscriptionId`]: id }
    send({ method: 'notifications/subscriptions/acknowledged', params: { notifications, _meta: tag } })
  } else if (method === 'tools/call') tools[String(params['name'])]?.(id, params)
  else send({ id, error: { code: -32601, message: 'Method not found' } })
}

let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines.filter((each) => each !== '')) {
    const message = JSON.parse(line) as Message
    received.push(message)
    answer(message)
  }
})
process.stdin.on('end', () => process.exit(0))
