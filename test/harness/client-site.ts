import { createFetchDocument } from '../../src/http/fetch-document.ts'
import { randomId } from '../../src/lib/random-id.ts'
import {
  buildAuthorization,
  type RunningAuthorizationServer,
  startAuthorizationServer,
} from './authorization-server.ts'
import { type DocumentServer, serveDocuments, testCertificate } from './document-server.ts'
import { type RawAnswer, sendRaw } from './refusal.ts'

/** What the site of a client answers at a path. */
export interface SiteAnswer {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  readonly body: string
}

/** An authorization server, and the site of clients that identify themselves by a document. */
export interface ClientSite {
  readonly running: RunningAuthorizationServer
  readonly site: DocumentServer
  /** Answers by path; a query and a slash at the end do not count, as on many sites. */
  readonly answers: Map<string, SiteAnswer>
  /** URL of a path of the site, or of another host. */
  at(path: string, host?: string): string
  /** Publishes a document at a path of its own and returns its URL. */
  publish(members?: object, answer?: Partial<SiteAnswer>): string
  /** Begins an authorization with this client id. */
  ask(clientId: string, parameters?: { [name: string]: string }): Promise<RawAnswer>
  close(): Promise<void>
}

/** What a document has at least, besides its client_id. */
export const smallestDocument = { client_name: 'Site', redirect_uris: ['http://127.0.0.1/callback'] }

/** Starts both. Names resolve to the site, except those in `addresses`. */
export async function startClientSite(addresses: { readonly [name: string]: string } = {}): Promise<ClientSite> {
  const answers = new Map<string, SiteAnswer>()
  const site = await serveDocuments((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0]?.replace(/\/$/, '') ?? ''
    const { status = 200, headers, body } = answers.get(path) ?? { status: 404, body: '{}' }
    const json = { 'content-type': 'application/json', 'cache-control': 'no-store' }
    response.writeHead(status, { ...json, ...headers }).end(body)
  })
  const fetchDocument = createFetchDocument({
    lookup: (name, callback) => {
      const address = addresses[name] ?? '127.0.0.1'
      callback(null, [{ address, family: address.includes(':') ? 6 : 4 }])
    },
    certificateAuthority: testCertificate,
    // The site of the tests is on loopback; everything else that is not public stays refused.
    allowAddress: (address) => address === '127.0.0.1',
  })
  const running = await startAuthorizationServer({ fetchDocument })
  const at = (path: string, host = 'client.example') => `https://${host}:${site.port}${path}`
  return {
    running,
    site,
    answers,
    at,
    publish(members = {}, answer = {}) {
      const path = `/${randomId()}`
      const document = { client_id: at(path), ...smallestDocument, ...members }
      answers.set(path, { body: JSON.stringify(document), ...answer })
      return at(path)
    },
    ask: (clientId, parameters = {}) => sendRaw(buildAuthorization(running.url, clientId, parameters).url),
    close: async () => {
      await running.close()
      await site.close()
    },
  }
}
