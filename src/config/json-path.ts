import { isJsonObject } from '../lib/json.ts'

/** Member names and array indices from the root of a document to a value. */
export type JsonPath = readonly (string | number)[]

/** A path as people read it: `paths./mcp/x.post.x-gateway-route.policies.inbound[1]`. */
export function formatPath(path: JsonPath): string {
  let text = ''
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`
    else text += text === '' ? segment : `.${segment}`
  }
  return text
}

/** The value at `path`, or undefined where the path leads nowhere. Own members only. */
export function valueAt(root: unknown, path: JsonPath): unknown {
  let value = root
  for (const segment of path) {
    if (Array.isArray(value) && typeof segment === 'number') value = value[segment]
    else if (isJsonObject(value) && Object.hasOwn(value, segment)) value = value[segment]
    else return undefined
  }
  return value
}
