import type { EventEmitter } from 'node:events'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { type EventRecorder, type EventType, type GatewayEvent, newEvent } from '../../analytics/event.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { type ReasonCode, reasons } from '../../errors/reasons.ts'
import { clientSubject } from '../../identity/subject-id.ts'
import { defaultTenant, joinTenants } from '../../lib/tenant.ts'
import { explainOAuthError } from './explain-oauth-error.ts'
import { getRequestContext } from './request-context.ts'
import { tenantOf, tenantOfClient } from './tenant-models.ts'

/** Facts of one OAuth step. */
export type EventFacts = Partial<
  Pick<
    GatewayEvent,
    'tenant' | 'subject' | 'clientId' | 'clientName' | 'virtualServer' | 'upstream' | 'detail' | 'httpStatus'
  >
>

/** Records OAuth steps as events. */
export interface OAuthEvents {
  record(type: EventType, requestId: string, facts: EventFacts, reason?: ReasonCode): void
}

/** What recording needs. */
export interface OAuthEventsOptions {
  readonly recorder: EventRecorder
  readonly clock: Clock
}

const denials: ReadonlySet<ReasonCode> = new Set(['grant_refused', 'identity_refused', 'identity_not_allowed'])

/** Makes the recorder of OAuth steps. A step with a reason failed. */
export function createOAuthEvents(options: OAuthEventsOptions): OAuthEvents {
  return {
    record(type, requestId, facts, reason) {
      const event = Object.assign(newEvent(type, options.clock(), requestId), facts)
      if (reason !== undefined) {
        event.outcome = denials.has(reason) ? 'denied' : 'failure'
        event.reason = reason
        event.failureOrigin = reasons[reason].origin
      }
      options.recorder.record(event)
    },
  }
}

/** Records what the provider reports, and logs its bugs. */
export function listenToProvider(
  provider: Provider,
  events: OAuthEvents,
  directory: VirtualServerDirectory,
  log: Logger,
): void {
  const note = (type: EventType, ctx: KoaContextWithOIDC, reason?: ReasonCode, detail?: string) => {
    const facts = { ...readFacts(ctx, directory), detail: detail ?? null }
    events.record(type, getRequestContext(ctx.req).requestId, facts, reason)
  }
  const reject = (ctx: KoaContextWithOIDC, error: Error) =>
    note('auth_token_rejected', ctx, explainOAuthError(error), describe(error))
  provider.on('registration_create.success', (ctx) => note('auth_client_registered', ctx))
  provider.on('interaction.started', (ctx) => {
    if (ctx.oidc.route === 'authorization') note('auth_authorize_started', ctx)
  })
  provider.on('grant.success', (ctx) => {
    const refreshed = ctx.oidc.params?.['grant_type'] === 'refresh_token'
    note(refreshed ? 'auth_token_refreshed' : 'auth_token_issued', ctx)
  })
  provider.on('grant.revoked', (ctx) => note('auth_token_revoked', ctx))
  provider.on('grant.error', reject)
  provider.on('registration_create.error', reject)
  provider.on('revocation.error', reject)
  provider.on('authorization.error', (ctx, error) => {
    // The consent page recorded the refusal itself.
    if (error.name !== 'AccessDenied') reject(ctx, error)
  })
  // Koa prints what nobody listens for.
  const koa: EventEmitter = provider
  koa.on('error', (error: unknown) => {
    if (!isHangUp(error)) log.error({ err: error }, 'the authorization server failed')
  })
  provider.on('server_error', (ctx, error) => {
    log.error({ err: error, requestId: getRequestContext(ctx.req).requestId }, 'the authorization server failed')
    note('auth_token_rejected', ctx, 'gateway_error')
  })
}

/** The client closed the connection before it had its answer: nothing failed here. */
function isHangUp(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function readFacts(ctx: KoaContextWithOIDC, directory: VirtualServerDirectory): EventFacts {
  const { client, account, entities, params } = ctx.oidc
  const token = entities.AccessToken ?? entities.RefreshToken ?? entities.AuthorizationCode
  const bound =
    entities.AccessToken?.aud ??
    entities.RefreshToken?.resource ??
    entities.AuthorizationCode?.resource ??
    entities.ClientCredentials?.aud
  const resource = readResource(params?.['resource']) ?? readResource(bound)
  const server = resource === undefined ? undefined : directory.findByResource(resource)
  const ownClient = entities.ClientCredentials?.clientId
  const granted = tenantOf(entities.Grant) ?? tenantOf(token)
  const ofClient = client && tenantOfClient(client.metadata())
  const tenant = granted ?? joinTenants(tenantOf(account), server?.tenant, ofClient)
  const subject = account?.accountId ?? token?.accountId ?? (ownClient && clientSubject(ownClient))
  const place = tenant ?? server?.tenant ?? defaultTenant
  const isOfPlace = ofClient === undefined || ofClient === place
  return {
    tenant: place,
    // Who is of another tenant than the virtual server is nobody in the events of that one.
    clientId: (isOfPlace && client?.clientId) || null,
    clientName: (isOfPlace && client?.clientName) || null,
    subject: tenant === undefined ? null : (subject ?? null),
    virtualServer: server?.name ?? null,
    upstream: server?.upstream ?? null,
  }
}

function readResource(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Array.isArray(value) && typeof value[0] === 'string' ? value[0] : undefined
}

/** Sentences of the provider name rules, never values of secrets. */
function describe(error: Error): string {
  const description = 'error_description' in error ? String(error.error_description) : ''
  const detail = 'error_detail' in error ? String(error.error_detail) : ''
  return [error.message, description, detail, findCause(error)].filter(Boolean).join(': ')
}

/** Why a document or key set was refused: for the operator, never for who named it. */
function findCause({ cause }: Error): string | undefined {
  if (cause instanceof GatewayError) return cause.details.detail
  return cause instanceof Error ? findCause(cause) : undefined
}
