import type {
  OperationBody,
  OperationId,
  OperationParams,
  OperationQuery,
  OperationResult,
} from '../../../src/admin/api-types.ts'
import { AdminError, readAdminError } from './admin-error.ts'
import { routes } from './routes.ts'

type Given<Name extends string, Value> = [Value] extends [undefined]
  ? { readonly [Key in Name]?: never }
  : undefined extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value }

/** What an operation is asked. Members of a query that are undefined are not sent. */
export type AdminInput<Id extends OperationId> = Given<'params', OperationParams<Id>> &
  (OperationQuery<Id> extends undefined ? object : { readonly query?: Partial<OperationQuery<Id>> }) &
  Given<'body', OperationBody<Id>> & {
    /** Version that an edit was made on. */
    readonly ifMatch?: string
    readonly signal?: AbortSignal
  }

/** Calls an operation of the admin API. Rejects with `AdminError`. */
export async function callAdmin<Id extends OperationId>(id: Id, input: AdminInput<Id>): Promise<OperationResult<Id>> {
  const { params, query, body, ifMatch, signal } = input as LooseInput
  const [method = 'GET', path = ''] = routes[id].split(' ')
  const headers: Record<string, string> = { accept: 'application/json', ...changeHeaders(method) }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (ifMatch !== undefined) headers['if-match'] = ifMatch
  let response: Response
  try {
    response = await fetch(adminUrl(path, params, query), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      credentials: 'same-origin',
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new AdminError(0, { title: 'The gateway does not answer.', remedy: 'Check that it runs, then try again.' })
  }
  if (!response.ok) throw await readAdminError(response)
  return (response.status === 204 ? undefined : await response.json()) as OperationResult<Id>
}

/** The URL of an operation, for what the browser opens by itself: an event stream. */
export function adminUrl(path: string, params: LooseMembers = {}, query: object = {}): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] as string))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.set(name, `${value as string | number}`)
  }
  const text = search.toString()
  return `/api/admin${filled}${text === '' ? '' : `?${text}`}`
}

/** A header that no form and no other site can send: with the check of `Origin`, it keeps changes from being forged. */
function changeHeaders(method: string): Record<string, string> {
  return method === 'GET' ? {} : { 'x-sallyport-admin': '1' }
}

interface LooseMembers {
  readonly [name: string]: unknown
}

interface LooseInput {
  readonly params?: LooseMembers
  readonly query?: LooseMembers
  readonly body?: unknown
  readonly ifMatch?: string
  readonly signal?: AbortSignal
}
