import { type LookupAddress, lookup as lookupInDns } from 'node:dns'
import type { buildConnector } from 'undici'
import type { ClientCertificate } from '../contracts/upstream.ts'
import { presentCertificate } from './send-upstream.ts'
import { createConnector } from './undici.ts'

/** Resolves a name to addresses, as `dns.lookup` with `all`. */
export type LookupAll = (hostname: string, callback: (error: Error | null, addresses: LookupAddress[]) => void) => void

/** How a guarded connection is made. */
export interface GuardedConnectorOptions {
  readonly connectTimeoutMs: number
  readonly lookup?: LookupAll | undefined
  /** Certificate authority to trust instead of the built-in ones (PEM). */
  readonly certificateAuthority?: string | undefined
  /** Presented to whoever asks for one. */
  readonly clientCertificate?: ClientCertificate | undefined
}

/**
 * Connects to allowed addresses only, checked on everything the name resolves to and again on the address that was dialled, so that
 * a second DNS answer cannot move it.
 */
export function createGuardedConnector(
  options: GuardedConnectorOptions,
  allows: (address: string) => boolean,
): buildConnector.connector {
  const lookupAll = options.lookup ?? ((hostname, callback) => lookupInDns(hostname, { all: true }, callback))
  const connect = createConnector({
    timeout: options.connectTimeoutMs,
    ...(options.certificateAuthority === undefined ? {} : { ca: options.certificateAuthority }),
    ...(options.clientCertificate && presentCertificate(options.clientCertificate)),
    lookup: (hostname, lookupOptions, callback) => {
      lookupAll(hostname, (error, addresses) => {
        const first = addresses?.[0]
        if (error || !first) callback(error ?? new Error('the name does not resolve'), '')
        else if (!addresses.every(({ address }) => allows(address)))
          callback(new Error('the address is not public'), '')
        else if (lookupOptions.all) callback(null, addresses)
        else callback(null, first.address, first.family)
      })
    },
  })
  return (connectOptions, callback) => {
    connect(connectOptions, (...result) => {
      const [error, socket] = result
      if (error !== null) callback(error, null)
      else if (socket.remoteAddress !== undefined && allows(socket.remoteAddress)) callback(null, socket)
      else {
        socket.destroy()
        callback(new Error('the address is not public'), null)
      }
    })
  }
}

/** The whole body; closes the connection and throws when it is larger than `maxBytes`. */
export async function readLimited(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
  headers: { readonly [name: string]: string },
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = Number(headers['content-length'] ?? 0)
  if (length <= maxBytes) {
    length = 0
    for await (const chunk of body) {
      length += chunk.length
      if (length > maxBytes) break
      chunks.push(chunk)
    }
  }
  if (length <= maxBytes) return Buffer.concat(chunks, length)
  body.destroy()
  throw new Error(`the document is larger than ${maxBytes} bytes`)
}

/** Headers with one value each. */
export function flattenHeaders(headers: { [name: string]: string | string[] | undefined }): { [name: string]: string } {
  const flat: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}
