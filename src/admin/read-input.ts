import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { GatewayError } from '../errors/gateway-error.ts'
import { readBody } from '../http/read-body.ts'
import type { MatchedOperation } from './match-operation.ts'
import type { OperationDeclaration, OperationInput } from './operation.ts'

/** Largest body of a call: files of a project are edited by it. Bytes. */
const bodyLimitBytes = 4 * 1024 * 1024

/** Checks what an operation is asked. Throws `admin_request_invalid`, naming every member that is not as declared. */
export async function readInput(
  { operation, params }: MatchedOperation,
  query: URLSearchParams,
  request: IncomingMessage,
): Promise<OperationInput<OperationDeclaration>> {
  const body = operation.body === undefined ? undefined : await readJson(request)
  return {
    params: check('path', operation.params, params),
    query: check('query', refuseUnknown(operation.query), readQuery(query)),
    body: operation.body && check('body', operation.body, body),
  } as OperationInput<OperationDeclaration>
}

/** A member that nobody declared is most likely mistyped, and a filter that is ignored shows too much. */
function refuseUnknown(shape: z.ZodObject | undefined): z.ZodObject | undefined {
  return shape?.def.catchall === undefined ? shape?.strict() : shape
}

/** A member that comes more than once is a list. */
function readQuery(query: URLSearchParams): { [name: string]: string | string[] } {
  const names = [...new Set(query.keys())]
  return Object.fromEntries(
    names.map((name) => {
      const values = query.getAll(name)
      return [name, values.length === 1 ? (values[0] ?? '') : values]
    }),
  )
}

function check(place: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return {}
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const problems = checked.error.issues.map(({ path, message }) => ({ in: place, path: path.join('.'), message }))
  const [first] = problems
  throw new GatewayError('admin_request_invalid', {
    message: `${place}${first?.path ? ` ${first.path}` : ''}: ${first?.message ?? 'is not as declared'}`,
    data: { problems },
  })
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new GatewayError('admin_request_invalid', { status: 415, message: 'Send the body as application/json.' })
  const bytes = await readBody(request, bodyLimitBytes)
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new GatewayError('admin_request_invalid', { message: 'The body is not JSON.', cause })
  }
}
