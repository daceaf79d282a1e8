import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BrowserSignIn } from '../contracts/upstream-links.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import type { Mount } from '../http/dispatch.ts'
import { limitRequests } from '../http/limit-requests.ts'
import { randomId } from '../lib/random-id.ts'
import { renderErrorPage } from '../oauth/pages/error-page.ts'
import { html, renderPage } from '../oauth/pages/render-page.ts'
import type { AdminHost } from './admin-host.ts'
import { findAdminOrigin } from './admin-origin.ts'
import { readNext } from './answer-sign-in.ts'
import { authorizePerson } from './authorize-administrator.ts'
import { checkNavigation } from './check-site.ts'
import { recordAdminEvent } from './record-admin-event.ts'
import { signInPath } from './sign-in-path.ts'
import { issueTicket } from './tickets.ts'

/** What the page at the data plane needs besides. */
export interface SignInMountOptions {
  readonly host: AdminHost
  readonly signIn: BrowserSignIn
  readonly clientAddressOf: (request: IncomingMessage) => string
}

const challengePattern = /^[A-Za-z0-9_-]{43}$/
const limits = { perAddress: 60, total: 6_000, windowSeconds: 600 }

/**
 * `{basePath}/auth/admin` at the data plane: signs the person in as every page of the gateway does, and sends whoever has a role back to the admin
 * listener with a code. The code is for the browser alone that knows the state behind `challenge`.
 */
export function createSignInMount(options: SignInMountOptions): Pick<Mount, 'handle'> {
  const { host, signIn } = options
  const take = limitRequests(limits, host.clock)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The only place that a code is ever sent to.
    const origin = await findAdminOrigin(host.storage)
    if (origin === undefined) throw new GatewayError('route_not_found')
    if (request.method !== 'GET') throw new GatewayError('method_not_allowed', { headers: { allow: 'GET' } })
    const refusal = checkNavigation(request.headers, false)
    if (refusal) throw refusal
    const wait = take(options.clientAddressOf(request))
    if (wait > 0) throw new GatewayError('limit_rate_exceeded', { headers: { 'retry-after': String(wait) } })
    const query = new URL(request.url ?? '/', 'http://gateway').searchParams
    const challenge = query.get('challenge') ?? ''
    if (!challengePattern.test(challenge))
      throw new GatewayError('admin_link_invalid', { detail: 'the sign-in was not begun at the console' })
    const switchPerson = query.has('switch')
    const person = await signIn.find(request, response)
    const next = readNext(query)
    if (person === undefined || switchPerson) {
      const returnPath = `${signInPath(host.project().settings.basePath)}?${new URLSearchParams({ challenge, next }).toString()}`
      return signIn.begin(request, response, { returnPath, switchPerson })
    }
    const { subject, tenant, name } = person
    const role = await authorizePerson(subject, host)
    if (role instanceof GatewayError) throw new PersonRefusal(role, { subject, tenant, challenge, next })
    const code = await issueTicket({ kind: 'code', subject, tenant, name, challenge }, host.storage.oauth, host.clock)
    sendOn(response, `${origin}/api/admin/session/finish?${new URLSearchParams({ code, next }).toString()}`)
  }

  return {
    handle(request, response) {
      const requestId = randomId()
      response.setHeader('x-request-id', requestId)
      answer(request, response).catch((thrown: unknown) => refuse(thrown, requestId, response, host))
    },
  }
}

/** Not a redirect: what follows the form of the sign-in page may not leave its origin (`form-action`). A page that leads on may. */
function sendOn(response: ServerResponse, location: string): void {
  const content = html`<h1>You are signed in</h1>
<p><a href="${location}">Go on to the console</a></p>`
  const { body, headers } = renderPage({ title: 'Console', content })
  response.writeHead(200, { ...headers, 'referrer-policy': 'no-referrer', refresh: `0; url=${location}` }).end(body)
}

/** Somebody signed in and has no role. */
class PersonRefusal extends Error {
  readonly refusal: GatewayError
  readonly person: {
    readonly subject: string
    readonly tenant: string
    readonly challenge: string
    readonly next: string
  }

  constructor(refusal: GatewayError, person: PersonRefusal['person']) {
    super(refusal.message, { cause: refusal })
    this.name = 'PersonRefusal'
    this.refusal = refusal
    this.person = person
  }
}

function refuse(thrown: unknown, requestId: string, response: ServerResponse, host: AdminHost): void {
  const person = thrown instanceof PersonRefusal ? thrown.person : undefined
  const error = asGatewayError(thrown instanceof PersonRefusal ? thrown.refusal : thrown)
  if (error.reason === 'gateway_error') host.log.error({ err: error.details.cause, requestId }, 'a sign-in failed')
  const facts = person === undefined ? {} : { subject: person.subject, tenant: person.tenant }
  recordAdminEvent(host, 'admin_sign_in_failed', requestId, facts, error)
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { basePath } = host.project().settings
  const page = renderErrorPage({
    reason: error.reason,
    requestId,
    description: person && `You are signed in as ${person.subject}.`,
    basePath,
    links: person && [{ path: switchPath(basePath, person), label: 'Sign in as somebody else' }],
  })
  response.writeHead(error.status, { ...error.details.headers, ...page.headers }).end(page.body)
}

function switchPath(
  basePath: string,
  { challenge, next }: { readonly challenge: string; readonly next: string },
): string {
  return `${signInPath(basePath)}?${new URLSearchParams({ challenge, next, switch: '1' }).toString()}`
}
