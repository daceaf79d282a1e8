import type { IncomingHttpHeaders } from 'node:http'
import {
  asObject,
  asText,
  checkRequest,
  invalidParams,
  isModern,
  legacyVersions,
  type Message,
  methodNotFound,
  modernVersion,
  Refusal,
} from './check-request.ts'
import { checkValue } from './check-value.ts'
import { type IssueStore, TrackerError } from './issues.ts'
import { createPrompts, createResources, issueTemplate, readResource } from './library.ts'
import { createTools } from './tools.ts'

const serverInfo = { name: 'sallyport-demo-tracker', title: 'Issue tracker', version: '1.0.0' }
const capabilities = { tools: {}, prompts: {}, resources: {}, completions: {} }
const instructions = 'An issue tracker. Deleting is for good: ask the person first.'

type Params = { readonly [name: string]: unknown }

/** How the caller of a method is told about progress, and tells that it no longer waits. */
export interface Call {
  readonly signal: AbortSignal
  /** Sends a notification that belongs to this request, ahead of its answer. */
  readonly notify: (notification: object) => void
}

/** What to answer over HTTP. No body: 202, the message was a notification. */
export interface Outcome {
  readonly status: number
  readonly body?: object
}

interface Method {
  readonly era: 'both' | 'modern' | 'legacy'
  /** Who may share the answer, for results that 2026-07-28 lets clients and gateways cache. */
  readonly cacheScope?: 'public' | 'private'
  readonly run: (params: Params, call: Call, modern: boolean) => object | Promise<object>
}

/** Makes the function that answers MCP messages. */
export function createProtocol(issues: IssueStore, reportStepMilliseconds: number) {
  const methods = createMethods(issues, reportStepMilliseconds)

  return async function answerMessage(message: Message, headers: IncomingHttpHeaders, call: Call): Promise<Outcome> {
    const modern = isModern(message, headers)
    const { id, params = {} } = message
    try {
      checkRequest(message, headers)
      if (id === undefined || message.method === undefined) return { status: 202 }
      const method = methods.get(message.method)
      if (!method || method.era === (modern ? 'legacy' : 'modern'))
        throw new Refusal(methodNotFound, 'Method not found', 404)
      const result = await method.run(params, call, modern)
      return { status: 200, body: { jsonrpc: '2.0', id, result: modern ? asModernResult(result, method) : result } }
    } catch (error) {
      return refuse(error, id, modern)
    }
  }
}

function refuse(error: unknown, id: string | number | undefined, modern: boolean): Outcome {
  if (!(error instanceof Refusal)) throw error
  const { code, message, details } = error
  // Older clients would read 404 as "the session is gone".
  const status = code === methodNotFound && !modern ? 200 : error.status
  const data = details && { data: details }
  return { status, body: { jsonrpc: '2.0', ...(id !== undefined && { id }), error: { code, message, ...data } } }
}

function asModernResult(result: object, method: Method): object {
  const caching = method.cacheScope && {
    ttlMs: method.cacheScope === 'public' ? 300_000 : 0,
    cacheScope: method.cacheScope,
  }
  return { resultType: 'complete', ...result, ...caching, _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }
}

function createMethods(issues: IssueStore, reportStepMilliseconds: number): Map<string, Method> {
  const resources = createResources(issues)
  const list = (name: string, entries: readonly object[]): Method => ({
    era: 'both',
    cacheScope: 'public',
    run: ({ cursor }) => {
      if (cursor !== undefined) throw new Refusal(invalidParams, 'This list has one page; there is no such cursor.')
      return { [name]: entries }
    },
  })
  const tools = createTools(issues, reportStepMilliseconds)
  const prompts = createPrompts(issues)
  return new Map<string, Method>([
    ['server/discover', { era: 'modern', cacheScope: 'public', run: discover }],
    ['initialize', { era: 'legacy', run: initialize }],
    ['ping', { era: 'legacy', run: () => ({}) }],
    ['tools/list', list('tools', tools)],
    ['tools/call', { era: 'both', run: (params, call) => callTool(tools, params, call) }],
    ['prompts/list', list('prompts', prompts)],
    ['prompts/get', { era: 'both', run: (params) => getPrompt(prompts, params) }],
    ['resources/list', list('resources', resources)],
    ['resources/templates/list', list('resourceTemplates', [issueTemplate])],
    ['resources/read', { era: 'both', cacheScope: 'private', run: (params, _, modern) => read(params, modern) }],
    ['completion/complete', { era: 'both', run: complete }],
  ])

  function read(params: Params, modern: boolean): object {
    const contents = readResource(asText(params['uri']), resources, issues)
    if (!contents) throw new Refusal(modern ? invalidParams : -32002, 'Resource not found', 200, { uri: params['uri'] })
    return { contents: [contents] }
  }

  function complete(params: Params): object {
    const { value: typed = '' } = asObject(params['argument'])
    const values = issues.list().map((issue) => String(issue.number))
    return { completion: { values: values.filter((value) => value.startsWith(asText(typed))).slice(0, 100) } }
  }
}

function discover(): object {
  return { supportedVersions: [modernVersion, ...legacyVersions], capabilities, instructions }
}

function initialize(params: Params): object {
  const requested = asText(params['protocolVersion'])
  const protocolVersion = legacyVersions.includes(requested) ? requested : legacyVersions[0]
  return { protocolVersion, capabilities, serverInfo, instructions }
}

async function callTool(tools: ReturnType<typeof createTools>, params: Params, call: Call): Promise<object> {
  const tool = tools.find(({ name }) => name === params['name'])
  if (!tool) throw new Refusal(invalidParams, `Unknown tool: ${asText(params['name'])}`)
  const input = params['arguments'] ?? {}
  const progressToken = asObject(params['_meta'])['progressToken']
  try {
    checkValue(input, tool.inputSchema, 'arguments')
    const output = await tool.run(asObject(input), {
      signal: call.signal,
      reportProgress: (progress, total, message) => {
        if (progressToken === undefined) return
        call.notify({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken, progress, total, message },
        })
      },
    })
    const content = [{ type: 'text', text: output.text }]
    return output.structured ? { content, structuredContent: output.structured } : { content }
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error
    return { content: [{ type: 'text', text: error.message }], isError: true }
  }
}

function getPrompt(prompts: ReturnType<typeof createPrompts>, params: Params): object {
  const prompt = prompts.find(({ name }) => name === params['name'])
  if (!prompt) throw new Refusal(invalidParams, `Unknown prompt: ${asText(params['name'])}`)
  const values = asObject(params['arguments'])
  for (const { name, required } of prompt.arguments) {
    if (required && values[name] === undefined) throw new Refusal(invalidParams, `The argument ${name} is missing.`)
  }
  try {
    const text = prompt.write(values)
    return { description: prompt.description, messages: [{ role: 'user', content: { type: 'text', text } }] }
  } catch (error) {
    if (error instanceof TrackerError) throw new Refusal(invalidParams, error.message)
    throw error
  }
}
