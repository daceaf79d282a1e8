import { z } from 'zod'
import { Secret } from '../lib/secret.ts'
import { defaultTenant, tenantPattern, tenantRule } from '../lib/tenant.ts'
import { adminSettings } from './settings/admin.ts'
import { alertsSettings } from './settings/alerts.ts'
import { auditSettings } from './settings/audit.ts'
import { eventsSettings } from './settings/events.ts'
import { exportsSettings } from './settings/exports.ts'
import { telemetrySettings } from './settings/telemetry.ts'

const bytes = (defaultValue: number, description: string) =>
  z.int().positive().default(defaultValue).describe(`${description} Bytes.`)
const seconds = (defaultValue: number, description: string) =>
  z.number().positive().default(defaultValue).describe(`${description} Seconds.`)

/** An address or a CIDR range, IPv4 or IPv6. */
const isNetwork = (text: string) =>
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()].some((kind) => kind.safeParse(text).success)

/** What no request would ever match is refused: a list that silently allows nothing costs hours. */
const hostName = z
  .string()
  .regex(
    /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d+)?$/,
    'must be a host name without scheme, path and `*`, e.g. "mcp.example.com"',
  )
const browserOrigin = z
  .string()
  .regex(
    /^(\*|null|[A-Za-z][A-Za-z0-9+.-]*:\/\/(\*\.)?[^/*?#@\s]+)$/,
    'must be `*` or an origin, scheme and host without a path, e.g. "https://*.example.com"',
  )
const network = z.string().refine(isNetwork, 'must be an address or a CIDR range, e.g. "10.0.0.0/8"')

/** Past a limit the caller gets a clear error with its own reason; connection and process stay healthy. */
const limits = z.strictObject({
  requestBodyBytes: bytes(4 * 1024 * 1024, 'Largest request body (413 beyond).'),
  argumentsBytes: bytes(1024 * 1024, 'Largest arguments of one call (-32602 beyond).'),
  argumentsDepth: z.int().positive().default(64).describe('Deepest nesting of the arguments of one call.'),
  responseBytes: bytes(32 * 1024 * 1024, 'Largest JSON answer of an upstream.'),
  sseEventBytes: bytes(1024 * 1024, 'Largest single event of a streamed answer.'),
  capabilities: z.int().positive().default(1000).describe('Most entries in one list of an upstream.'),
  upstreamConnections: z.int().positive().default(256).describe('Most connections kept per upstream.'),
  upstreamConnectSeconds: seconds(5, 'Time to connect to an upstream.'),
  upstreamFirstByteSeconds: seconds(
    60,
    'Time to the first byte of an answer; also the longest wait for a free connection.',
  ),
  upstreamIdleSeconds: seconds(120, 'Time between two chunks of an answer, and for the client to take one.'),
  upstreamTotalSeconds: seconds(15 * 60, 'Time for a whole answer, progress included.'),
  drainSeconds: seconds(30, 'Time that running calls get when the gateway stops or swaps its configuration.'),
})

const clientKeys = z
  .strictObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) })
  .refine(({ keys }) => keys.every((key) => !('d' in key) && !('k' in key)), 'must hold public keys only')

/** One client that the operator registers. */
export const preRegisteredClient = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/, 'must be letters, digits, `.`, `_` and `-`'),
    name: z.string().min(1).describe('Shown to people and in events.'),
    tenant: z
      .string()
      .regex(tenantPattern, tenantRule)
      .default(defaultTenant)
      .describe('Tenant of the client: what it receives holds there and nowhere else.'),
    secret: z
      .string()
      .min(16, 'must have at least 16 characters; if it comes from the environment, set that variable')
      .transform((secret) => new Secret(secret))
      .optional()
      .describe('For client_secret_basic. Write $env(NAME).'),
    jwks: clientKeys.optional().describe('Public keys for private_key_jwt.'),
    jwksUri: z
      .url({ protocol: /^https$/ })
      .optional()
      .describe('Where its public keys are, for private_key_jwt.'),
    redirectUris: z.array(z.string().min(1)).default([]).describe('Where people are sent back to after signing in.'),
    servers: z
      .array(z.string().min(1))
      .default([])
      .describe('Virtual servers that it may call on its own behalf (client_credentials), by name; `*` is every one.'),
    scopes: z
      .array(z.string().min(1))
      .default([])
      .describe('Scopes of tools that it may ask for on its own behalf, besides those that every token carries.'),
  })
  .refine(({ secret, jwks, jwksUri }) => [secret, jwks, jwksUri].filter((way) => way !== undefined).length <= 1, {
    error: 'authenticates in one way: write secret, jwks or jwksUri',
  })
  .refine(({ servers, secret, jwks, jwksUri }) => servers.length === 0 || Boolean(secret ?? jwks ?? jwksUri), {
    error: 'must authenticate to call on its own behalf: add secret, jwks or jwksUri',
  })
  .refine(({ servers, redirectUris }) => servers.length > 0 || redirectUris.length > 0, {
    error: 'can do nothing: add servers or redirectUris',
  })

const vault = z
  .strictObject({
    provider: z
      .enum(['local', 'aws-kms', 'vault-transit'])
      .default('local')
      .describe('`local`: a list of keys; else the keys are in the store, wrapped by AWS KMS or by HashiCorp Vault.'),
    keyFile: z
      .string()
      .default('./data/vault.keys')
      .describe(
        '`local`: file of `id:base64` keys, one per line, first is active. `dev` creates it; SALLYPORT_VAULT_KEYS goes before it. Else: keys from before, which go on opening.',
      ),
    deployment: z
      .string()
      .regex(/^[\w./:-]{1,100}$/, 'must be up to 100 letters, digits and ._/:-')
      .default('sallyport')
      .describe(
        '`aws-kms` and `vault-transit`: bound to every wrapped key, in the encryption context or the associated data.',
      ),
    awsKms: z
      .strictObject({
        keyId: z.string().min(1).describe('Id, ARN or alias (`alias/…`) of a symmetric key.'),
        region: z
          .string()
          .regex(/^[a-z0-9-]+$/, 'must be a region, e.g. "eu-central-1"')
          .describe('Region of the key.'),
        endpoint: z
          .url({ protocol: /^https?$/ })
          .optional()
          .describe('Endpoint, if it is not that of the region.'),
      })
      .optional()
      .describe('AWS KMS. Credentials are read from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.'),
    vaultTransit: z
      .strictObject({
        address: z
          .url({ protocol: /^https?$/ })
          .describe('Where HashiCorp Vault answers, e.g. `https://vault.example.com:8200`.'),
        key: z
          .string()
          .regex(/^[\w.-]+$/, 'must be the name of a transit key')
          .describe('Name of the transit key.'),
        mount: z
          .string()
          .regex(/^[\w.-]+(\/[\w.-]+)*$/)
          .default('transit')
          .describe('Where the transit engine is mounted.'),
        namespace: z.string().min(1).optional().describe('`X-Vault-Namespace`.'),
      })
      .optional()
      .describe('Transit engine of HashiCorp Vault. The token is read from VAULT_TOKEN.'),
  })
  .superRefine(({ provider, awsKms, vaultTransit }, context) => {
    const members = { 'aws-kms': { awsKms }, 'vault-transit': { vaultTransit }, local: {} }
    for (const [kind, member] of Object.entries(members)) {
      for (const [name, value] of Object.entries(member)) {
        if (kind === provider && value === undefined) {
          context.addIssue({ code: 'custom', path: ['provider'], message: `"${provider}" needs "${name}"` })
        }
        if (kind !== provider && value !== undefined) {
          context.addIssue({ code: 'custom', path: [name], message: `is for provider "${kind}", not "${provider}"` })
        }
      }
    }
  })

/** `sallyport.jsonc`: the settings of a project. */
export const settingsSchema = z.strictObject({
  $schema: z.string().optional().describe('JSON Schema for editors.'),
  version: z.literal(1).describe('Version of the project format.'),
  compatibilityDate: z.iso
    .date()
    .optional()
    .describe('Behaviour as of this date; later changes of defaults do not apply.'),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Origin that clients see: issuer and base of every absolute URL. In `dev` the listener if absent.'),
  basePath: z
    .string()
    .regex(/^(\/[^/?#]+)*$/, 'must be empty or start with "/" and not end with "/"')
    .default('')
    .describe('Prefix of /oauth/… and /auth/…; discovery documents stay at the root.'),
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address to listen on.'),
      port: z.int().min(0).max(65535).default(9000).describe('Port to listen on; 0 picks a free one.'),
    })
    .prefault({})
    .describe('Listener of the data plane.'),
  workers: z
    .union([z.int().min(1).max(256), z.literal('auto')])
    .default(1)
    .describe('Processes that serve, on one machine; `auto`: as many as it runs at once. `dev` always has one.'),
  storage: z
    .strictObject({
      directory: z
        .string()
        .default('./data')
        .describe('Where the embedded store keeps its files, relative to the project.'),
    })
    .prefault({})
    .describe('Embedded SQLite store.'),
  vault: vault.prefault({}).describe('Keys that seal secrets at rest.'),
  clients: z
    .array(preRegisteredClient)
    .default([])
    .describe('OAuth clients that do not register themselves. Others are made by `sallyport clients create`.'),
  allowedHosts: z.array(hostName).default([]).describe('Host names served besides publicUrl and the listener.'),
  allowedOrigins: z
    .array(browserOrigin)
    .default([])
    .describe(
      'Browser origins that may call, besides the gateway itself. `https://*.example.com` matches one label; `*` all.',
    ),
  trustedProxies: z
    .array(network)
    .default([])
    .describe('Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed.'),
  registry: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe('Whether {basePath}/registry/v0.1 lists the virtual servers, to everybody.'),
      tenants: z
        .array(z.string().regex(tenantPattern, tenantRule))
        .default([])
        .describe(
          'Tenants with a registry of their own at {basePath}/registry/<tenant>/v0.1. Whoever knows the address sees their servers.',
        ),
    })
    .prefault({})
    .describe('Read-only MCP registry of the virtual servers.'),
  limits: limits.prefault({}).describe('Limits on requests and upstreams.'),
  admin: adminSettings,
  audit: auditSettings,
  events: eventsSettings,
  telemetry: telemetrySettings,
  exports: exportsSettings,
  alerts: alertsSettings,
})

export type Settings = z.output<typeof settingsSchema>
export type Limits = Settings['limits']
