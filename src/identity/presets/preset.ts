import { z } from 'zod'
import type { ClaimPlaces, IdentityProviderSettings } from '../../contracts/identity-provider.ts'
import { providerUrl } from '../provider-url.ts'

/** What is known about one identity provider, as data: `mcp-<name>-oauth-inbound` is made of it. */
export interface IdentityPreset<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly name: string
  /** As named in policies.json, e.g. `McpOktaOAuthInboundPolicy`. */
  readonly exportName: string
  /** Name people know it by. */
  readonly title: string
  /** Options of its own, besides those that every preset has. */
  readonly options: Shape
  /** What its client ids look like. */
  readonly clientId?: { readonly pattern: RegExp; readonly message: string }
  /** Where it is, by the options. */
  locate(options: PresetOptions<Shape>): ProviderLocation
  /** What is wrong with the options together, and at which of them. */
  findConflict?(
    options: PresetOptions<Shape>,
    allow: { readonly tenants?: readonly string[] | undefined },
  ): { readonly option: string; readonly message: string } | undefined
  readonly scope: string
  readonly clientAuthentication?: IdentityProviderSettings['clientAuthentication']
  /** Default `login`. */
  readonly accountPrompt?: IdentityProviderSettings['accountPrompt']
  /** Default `sub`. */
  readonly subjectClaims?: readonly string[]
  readonly claims: ClaimPlaces
  /** Allow-lists that say something with this provider. */
  readonly allow: readonly ('tenants' | 'hostedDomains' | 'emailDomains')[]
  /** False where the userinfo endpoint says nothing that the ID token does not. Default true. */
  readonly userInfo?: boolean
}

/** The options of a preset as its rules see them. */
export type PresetOptions<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>> & { readonly clientId: string }

/** Where a provider is. Endpoints only where its discovery does not say them. */
export interface ProviderLocation {
  readonly issuer: string
  readonly authorizationUrl?: string
  readonly tokenUrl?: string
  readonly jwksUrl?: string
  /** Instead of the scope of the preset. */
  readonly scope?: string
  readonly authorizationParameters?: { readonly [name: string]: string }
}

const hostPattern = /^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+$/i

/** A bare host name, e.g. `acme.okta.com`. */
export function hostOption(description: string) {
  return z
    .string()
    .regex(hostPattern, { error: 'must be a host name alone: no https://, no path' })
    .describe(description)
}

/** An https URL without a closing slash, query or fragment; `http` only on loopback. */
export function baseUrlOption(description: string) {
  return providerUrl
    .refine((url) => !/[?#]/.test(url), { error: 'must not have a query or fragment' })
    .transform((url) => url.replace(/\/+$/, ''))
    .describe(description)
}

/** A UUID. */
export const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
