import { GatewayError } from '../../errors/gateway-error.ts'
import type { ConnectHost, PersonalVisit } from './connect-host.ts'

/** Throws for a form that another site sent, or that was not made for this purpose in this browser session. */
export function checkForm(form: URLSearchParams, purpose: string, visit: PersonalVisit, host: ConnectHost): void {
  const { origin } = visit.request.headers
  if (origin !== undefined && origin !== host.publicUrl) {
    throw new GatewayError('origin_not_allowed', { detail: 'the form was sent from another origin' })
  }
  if (!host.signIn.checkFormToken(form.get('form_token') ?? '', purpose, visit.person)) {
    throw new GatewayError('grant_expired', { detail: 'the form token does not match', status: 403 })
  }
}
