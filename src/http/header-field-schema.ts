import { z } from 'zod'
import { Secret } from '../lib/secret.ts'

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** RFC 9110 §5.5: visible characters, spaces and tabs between them, and bytes beyond ASCII. Above all no line end. */
const fieldValue = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/

/** Headers that the gateway computes for each hop itself. */
const hopHeaders = new Set(
  (
    'accept accept-encoding connection content-encoding content-length content-type expect host keep-alive ' +
    'proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'
  ).split(' '),
)

const isHopHeader = (name: string) => hopHeaders.has(name) || name.startsWith('mcp-')

/** Name of a header that a policy may set or remove on the upstream request. In lower case afterwards. */
export const upstreamHeaderName = z
  .string()
  .regex(token, 'Not a header name: use letters, digits and hyphens, e.g. "x-api-key".')
  .transform((name) => name.toLowerCase())
  .refine((name) => !isHopHeader(name), {
    error: ({ input }) => `The gateway computes "${String(input)}" itself for every hop; a policy cannot change it.`,
  })

/** Value of a header. It may hold a credential, so it becomes a `Secret` and is not repeated in messages. */
export const upstreamHeaderValue = z
  .string()
  .min(1, 'The value is empty. If it comes from the environment, set that variable.')
  .regex(fieldValue, 'Not a header value: no line ends or control characters, no space at either end.')
  .transform((value) => new Secret(value))
