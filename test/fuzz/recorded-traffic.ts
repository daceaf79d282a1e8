const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1', title: 'C' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} },
  'io.modelcontextprotocol/logLevel': 'info',
  progressToken: 'p1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}

/** Messages as clients send them, of every revision and kind. */
export const clientMessages: readonly object[] = [
  {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo: { name: 'c', version: '1' } },
  },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 1, method: 'ping' },
  { jsonrpc: '2.0', id: 'a', method: 'tools/list', params: { cursor: '' } },
  {
    jsonrpc: '2.0',
    id: 2,
    method: 'tools/call',
    params: { name: 't', arguments: { a: [1, { b: 'c' }] }, _meta: { progressToken: 7 } },
  },
  { jsonrpc: '2.0', id: 3, method: 'resources/read', params: { uri: 'test://static-text' } },
  { jsonrpc: '2.0', id: 4, method: 'logging/setLevel', params: { level: 'debug' } },
  { jsonrpc: '2.0', id: 'i1.n', result: { action: 'accept', content: { name: 'x' } } },
  { jsonrpc: '2.0', id: 'i1.n', error: { code: -1, message: 'no' } },
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2, reason: 'late' } },
  { jsonrpc: '2.0', id: 'd1', method: 'server/discover', params: { _meta: envelope } },
  { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'ünï', arguments: { city: 'x' }, _meta: envelope } },
  {
    jsonrpc: '2.0',
    id: 6,
    method: 'tools/call',
    params: {
      name: 't',
      arguments: {},
      inputResponses: { k: { action: 'accept' } },
      requestState: 'R',
      _meta: envelope,
    },
  },
  {
    jsonrpc: '2.0',
    id: 7,
    method: 'subscriptions/listen',
    params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['a:b'] }, _meta: envelope },
  },
  { jsonrpc: '2.0', id: 8, method: 'prompts/get', params: { name: 'p', arguments: { x: '1' }, _meta: envelope } },
  {
    jsonrpc: '2.0',
    id: 9,
    method: 'completion/complete',
    params: { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'x', value: '' }, _meta: envelope },
  },
]

const tool = {
  name: 't',
  title: 'T',
  description: 'does',
  inputSchema: { type: 'object', properties: { city: { type: 'string', 'x-mcp-header': 'City' } } },
  outputSchema: { type: 'array', items: { $ref: '#/$defs/n' }, $defs: { n: { type: 'number' } } },
  annotations: { readOnlyHint: true },
  execution: { taskSupport: 'optional' },
  icons: [{ src: 'https://a.example/i.png' }],
  _meta: { 'com.example/x': { y: 1 }, ui: { resourceUri: 'ui://a' } },
}

/** Results as upstreams give them, with the method that they answer. */
export const results: readonly { readonly method: string; readonly result: object }[] = [
  {
    method: 'tools/list',
    result: {
      tools: [tool, { name: 'u', inputSchema: {} }],
      nextCursor: 'n',
      ttlMs: 5,
      cacheScope: 'public',
      resultType: 'complete',
    },
  },
  {
    method: 'tools/call',
    result: {
      content: [{ type: 'text', text: 'x', annotations: { audience: ['user'] } }],
      structuredContent: [1],
      isError: false,
      resultType: 'complete',
    },
  },
  {
    method: 'tools/call',
    result: {
      resultType: 'input_required',
      inputRequests: {
        k: { method: 'elicitation/create', params: { message: 'm', requestedSchema: { type: 'object' } } },
      },
      requestState: 'R',
    },
  },
  { method: 'tools/call', result: { resultType: 'task', taskId: 't1', status: 'working', ttlMs: null } },
  {
    method: 'resources/read',
    result: { contents: [{ uri: 'a:b', mimeType: 'text/plain', text: 't' }], ttlMs: 0, cacheScope: 'private' },
  },
  {
    method: 'server/discover',
    result: {
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: { listChanged: true }, extensions: { 'com.example/e': {} } },
      instructions: 'i',
      ttlMs: 1,
      cacheScope: 'public',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1' } },
    },
  },
  {
    method: 'initialize',
    result: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {}, tasks: { list: {} }, logging: {} },
      serverInfo: { name: 's', version: '1' },
      instructions: 'i',
    },
  },
]

/** Errors and notifications of upstreams. */
export const serverMessages: readonly object[] = [
  { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown resource', data: { uri: 'a:b' } } },
  { jsonrpc: '2.0', id: 1, error: { code: -32021, message: 'm', data: { requiredCapabilities: { sampling: {} } } } },
  {
    jsonrpc: '2.0',
    id: 1,
    error: {
      code: -32042,
      message: 'm',
      data: { elicitations: [{ mode: 'url', elicitationId: 'e', url: 'https://a.example', message: 'm' }] },
    },
  },
  {
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: 'p1', progress: 1, total: 2, message: 'm' },
  },
  { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', logger: 'l', data: { x: 1 } } },
  {
    jsonrpc: '2.0',
    method: 'notifications/tools/list_changed',
    params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'L1' } },
  },
  { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'a:b' } },
  {
    jsonrpc: '2.0',
    id: 0,
    method: 'elicitation/create',
    params: { mode: 'form', message: 'm', requestedSchema: { type: 'object', properties: {} } },
  },
]

/** A streamed answer. */
export const eventStream = Buffer.from(
  [
    ': keep-alive\n\n',
    'id: 1\ndata: \n\n',
    `event: message\ndata: ${JSON.stringify(serverMessages[3])}\n\n`,
    `event: message\r\nid: 2\r\nretry: 100\r\ndata: ${JSON.stringify(serverMessages[4])}\r\n\r\n`,
    `data: {"jsonrpc":"2.0",\rdata: "id":1,"result":{}}\r\r`,
    `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result: results[1]?.result })}\n\n`,
  ].join(''),
)
