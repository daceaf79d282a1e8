import { z } from 'zod'
import { credentialModes } from '../../contracts/upstream.ts'
import { upstreamHeaderName, upstreamHeaderValue } from '../../http/header-field-schema.ts'
import { clientAuthentication, secretText } from './client-authentication.ts'

const httpUrl = z.url({ protocol: /^https?$/ })
const scopeList = z.array(z.string().min(1).regex(/^\S+$/, 'must be one scope without blanks')).default([])
const scopeDelimiter = z.string().min(1).default(' ').describe('What stands between scopes in a request.')

const clientRegistration = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('auto') }),
    z.strictObject({ mode: z.literal('dynamic') }),
    z.strictObject({
      mode: z.literal('manual'),
      clientId: z.string().min(1).describe('Client id that you registered at the upstream.'),
      clientSecret: secretText.optional().describe('Its secret; absent for a public client. Write $env(NAME).'),
      tokenEndpointAuthMethod: z
        .enum(['client_secret_basic', 'client_secret_post', 'none'])
        .optional()
        .describe('How it authenticates; as the metadata of the server says if absent.'),
    }),
  ])
  .default({ mode: 'auto' })
  .describe(
    '`auto`: a client metadata document where the upstream accepts one, else dynamic registration. `dynamic`: always the latter, for a gateway whose document the upstream cannot fetch.',
  )

const overrides = z
  .strictObject({
    allowIssuerMismatch: z
      .boolean()
      .default(false)
      .describe('Accept metadata whose `issuer` is not the identifier it was fetched for.'),
    assumePkce: z.boolean().default(false).describe('Use PKCE with a server that does not advertise S256.'),
    resource: z
      .string()
      .min(1)
      .default('send')
      .describe('`send` the resource of the metadata, `omit` the parameter, or a value to send instead.'),
  })
  .prefault({})
  .describe('Where this upstream departs from the specification. Every one weakens a check; none is needed by most.')

const apiKey = z
  .strictObject({
    header: upstreamHeaderName.default('authorization').describe('Header that carries the key.'),
    scheme: z
      .string()
      .regex(/^[\x21-\x7e]*$/, 'must be one word without blanks')
      .default('Bearer')
      .describe('Stands before the key, with a blank; empty: the bare key.'),
    value: upstreamHeaderValue
      .optional()
      .describe(
        '`shared-api-key`: the key. Write $env(NAME). Absent: the one stored by `sallyport connections set-key`.',
      ),
    helpUrl: httpUrl.optional().describe('Where people get a key; shown to them.'),
  })
  .describe('Where the key goes.')

const clientCredentials = z
  .strictObject({
    tokenUrl: httpUrl.optional().describe('Token endpoint; as the upstream says if absent.'),
    clientAuth: clientAuthentication,
    scopes: scopeList.describe('Scopes to ask for.'),
    audience: z.string().min(1).optional().describe('`audience` parameter.'),
    resource: z
      .string()
      .min(1)
      .optional()
      .describe(
        '`resource` parameter; if absent as the upstream names itself, or none where `tokenUrl` says where to ask.',
      ),
  })
  .describe('Client credentials grant (RFC 6749 §4.4).')

const tokenExchange = z
  .strictObject({
    tokenUrl: httpUrl.describe('Token endpoint that exchanges.'),
    clientAuth: clientAuthentication,
    subjectToken: z
      .enum(['id_token', 'access_token'])
      .default('id_token')
      .describe("Which token of the person's sign-in is exchanged."),
    audience: z.string().min(1).optional().describe('`audience` parameter.'),
    resource: z.string().min(1).optional().describe('`resource` parameter.'),
    scopes: scopeList.describe('Scopes to ask for.'),
    requestedTokenType: z.string().min(1).optional().describe('`requested_token_type` parameter.'),
  })
  .describe('Token exchange (RFC 8693).')

const idJag = z
  .strictObject({
    idp: z
      .strictObject({
        tokenUrl: httpUrl.describe('Token endpoint of the identity provider.'),
        clientAuth: clientAuthentication,
      })
      .describe('Where the assertion comes from.'),
    resourceAs: z
      .strictObject({
        tokenUrl: httpUrl.describe("Token endpoint of the upstream's authorization server."),
        audience: z.string().min(1).describe("Issuer of the upstream's authorization server."),
        resource: z.string().min(1).optional().describe('The URL of the upstream if absent.'),
        clientAuth: clientAuthentication,
      })
      .describe('Where the assertion is redeemed.'),
    scopes: scopeList.describe('Scopes to ask for.'),
    scopeDelimiter,
  })
  .describe('Enterprise-managed authorization: an identity assertion (ID-JAG), redeemed at the upstream.')

const clientCertificate = z
  .strictObject({
    certificate: z.string().min(1).describe('Certificate chain in PEM. Write $env(NAME).'),
    privateKey: secretText.describe('Its private key in PEM. Write $env(NAME).'),
    passphrase: secretText.optional().describe('Passphrase of the key.'),
    certificateAuthority: z
      .string()
      .min(1)
      .optional()
      .describe('Authority in PEM that the upstream is verified with, instead of the built-in ones.'),
  })
  .describe('Certificate that the gateway presents when it connects (mTLS); with any `authMode`.')

const shape = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and `-`, at most 63')
    .refine((id) => id !== 'callback', 'is the name of a page; choose another')
    .optional()
    .describe('Namespace of connections, part of URLs. From the policy name `mcp-token-exchange-{id}` if absent.'),
  displayName: z.string().min(1).describe('Name of the upstream for people.'),
  summary: z.string().min(1).optional().describe('One sentence for the consent page.'),
  authMode: z.enum(credentialModes).describe('Whose credential the upstream sees.'),
  scopes: scopeList.describe('Scopes to ask for instead of those that the upstream suggests.'),
  scopeDelimiter,
  prompt: z
    .union([z.enum(['none', 'login', 'consent', 'select_account']), z.literal(false)])
    .optional()
    .describe('`prompt` of the authorization request; `false` never sends one.'),
  protectedResourceMetadataUrl: httpUrl
    .optional()
    .describe('Resource metadata of the upstream, if it is not where its challenge or RFC 9728 says.'),
  authorizationServer: httpUrl.optional().describe('Issuer to use when the upstream names several, or none.'),
  clientRegistration,
  overrides,
  apiKey: apiKey.optional(),
  clientCredentials: clientCredentials.optional(),
  tokenExchange: tokenExchange.optional(),
  idJag: idJag.optional(),
  clientCertificate: clientCertificate.optional(),
  trustedHosts: z
    .array(z.string().min(1))
    .default([])
    .describe('Hosts (with port) that may be in a private network although only the upstream names them.'),
  shareCatalog: z
    .boolean()
    .default(false)
    .describe('Show people without a connection what the upstream listed to somebody else.'),
})

/** Members that belong to some modes only, and the modes that cannot do without. */
const memberModes = {
  scopes: { allowed: ['user-oauth', 'shared-oauth'], required: [] },
  prompt: { allowed: ['user-oauth', 'shared-oauth'], required: [] },
  protectedResourceMetadataUrl: { allowed: ['user-oauth', 'shared-oauth', 'client-credentials'], required: [] },
  authorizationServer: { allowed: ['user-oauth', 'shared-oauth', 'client-credentials'], required: [] },
  apiKey: { allowed: ['user-api-key', 'shared-api-key'], required: [] },
  clientCredentials: { allowed: ['client-credentials'], required: ['client-credentials'] },
  tokenExchange: { allowed: ['token-exchange'], required: ['token-exchange'] },
  idJag: { allowed: ['id-jag'], required: ['id-jag'] },
  clientCertificate: { allowed: credentialModes, required: ['mtls'] },
} as const satisfies {
  [Member in keyof z.output<typeof shape>]?: { allowed: readonly string[]; required: readonly string[] }
}

/** Options of `mcp-token-exchange-inbound`. */
export const tokenExchangeOptions = shape.superRefine((options, context) => {
  for (const [member, { allowed, required }] of Object.entries(memberModes)) {
    const value = options[member as keyof typeof memberModes]
    const present = Array.isArray(value) ? value.length > 0 : value !== undefined
    const names = (modes: readonly string[]) => modes.map((mode) => `"${mode}"`).join(', ')
    if (present && !isOneOf(options.authMode, allowed)) {
      const message = `is for authMode ${names(allowed)}, not "${options.authMode}"`
      context.addIssue({ code: 'custom', path: [member], message })
    } else if (!present && isOneOf(options.authMode, required)) {
      context.addIssue({ code: 'custom', path: ['authMode'], message: `"${options.authMode}" needs "${member}"` })
    }
  }
  if (options.apiKey?.value !== undefined && options.authMode !== 'shared-api-key') {
    const message = 'would be the same for everybody; people store their own keys'
    context.addIssue({ code: 'custom', path: ['apiKey', 'value'], message })
  }
})

function isOneOf(mode: string, modes: readonly string[]): boolean {
  return modes.includes(mode)
}

export type TokenExchangeOptions = z.output<typeof tokenExchangeOptions>
