import type { IncomingMessage } from 'node:http'
import { equalSecrets } from '../lib/hash.ts'
import { isJsonObject } from '../lib/json.ts'
import type { Secret } from '../lib/secret.ts'

/** What the process that a request came to says of it to the one that answers. */
export interface Arrival {
  /** On whose behalf the connection of the client speaks. */
  readonly clientAddress: string
  /** The policies of the request phase let it pass: what they count is counted. */
  readonly isAdmitted: boolean
}

/** Read on connections from other processes of this gateway only, and taken out of the request there. */
export const arrivalHeader = 'x-sallyport-arrival'

export function formatArrival(arrival: Arrival, secret: Secret): string {
  return JSON.stringify({ ...arrival, secret: secret.reveal() })
}

/** Takes the arrival out of a request; undefined when it does not come from a process of this gateway. */
export function readArrival(request: IncomingMessage, secret: Secret): Arrival | undefined {
  const said = parse(request.headers[arrivalHeader])
  // Policies read headers, and those of a project may be anybody's.
  delete request.headers[arrivalHeader]
  const { clientAddress, isAdmitted, secret: given } = said
  if (typeof given !== 'string' || !equalSecrets(given, secret.reveal())) return undefined
  return { clientAddress: String(clientAddress), isAdmitted: isAdmitted === true }
}

function parse(header: string | string[] | undefined): { readonly [name: string]: unknown } {
  try {
    const said: unknown = JSON.parse(String(header))
    return isJsonObject(said) ? said : {}
  } catch {
    return {}
  }
}
