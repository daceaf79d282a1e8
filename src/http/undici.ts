import { createRequire } from 'node:module'
import type undici from 'undici'

const load = createRequire(import.meta.url)
const part = (path: string) => load(`undici/lib/${path}.js`)

// The package as a whole has fetch, web sockets, caches and mocks besides, and all of them are loaded with it: 13 MiB of memory. Its version is
// pinned, and `undici.test.ts` fails where a part has moved.
const Pool: typeof undici.Pool = part('dispatcher/pool')
const Agent: typeof undici.Agent = part('dispatcher/agent')
const requestOn: undici.Dispatcher['request'] = part('api/api-request')

/** What goes wrong with a connection or an answer. */
export const errors: typeof undici.errors = part('core/errors')

/** How connections are made, for `connect` of a pool or an agent. */
export const createConnector: typeof undici.buildConnector = part('core/connect')

/** Connections to one origin. */
export function createPool(origin: string, options: undici.Pool.Options): undici.Pool {
  return new Pool(origin, options)
}

/** Connections to any origin. */
export function createAgent(options: undici.Agent.Options): undici.Agent {
  return new Agent(options)
}

type RequestOptions = Omit<undici.Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & {
  readonly method?: string
}

/** Sends a request to `url`. */
export function sendRequest(
  dispatcher: undici.Dispatcher,
  url: URL,
  { method = 'GET', ...options }: RequestOptions = {},
): Promise<undici.Dispatcher.ResponseData<unknown>> {
  const { origin, pathname, search } = url
  return requestOn.call(dispatcher, { ...options, method, origin, path: pathname + search })
}
