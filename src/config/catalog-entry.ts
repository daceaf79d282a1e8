import { z } from 'zod'

const httpsUrl = z.url({ protocol: /^https$/ })
const sentences = z.array(z.string().min(1)).default([])

/** How the gateway becomes a client of the upstream's authorization server. */
export const registrations = {
  dcr: 'anybody may register (RFC 7591)',
  cimd: 'by a client metadata document',
  manual: 'you register a client there and write its id and secret into the project',
  'allow-list': 'it registers only clients or callback hosts that it knows',
} as const

const none = z.strictObject({ kind: z.literal('none') }).describe('Open to everybody.')

const oauth = z
  .strictObject({
    kind: z.literal('oauth'),
    registration: z
      .enum(Object.keys(registrations) as [keyof typeof registrations, ...(keyof typeof registrations)[]])
      .describe('How the gateway becomes a client.'),
    scopes: z.array(z.string().regex(/^\S+$/)).default([]).describe('Asked for; empty: what the upstream suggests.'),
    authorizationServer: httpsUrl.optional().describe('Issuer, if the upstream does not say.'),
    protectedResourceMetadataUrl: httpsUrl.optional().describe('Resource metadata, if it is not where RFC 9728 says.'),
    overrides: z
      .strictObject({
        allowIssuerMismatch: z.boolean().optional(),
        assumePkce: z.boolean().optional(),
        resource: z.string().min(1).optional(),
      })
      .optional()
      .describe('Where it departs from the specification.'),
    setUp: sentences.describe('What to do at the upstream before anybody can connect.'),
  })
  .describe('People, or an administrator for all, sign in at the upstream.')

const apiKey = z
  .strictObject({
    kind: z.literal('api-key'),
    header: z.string().min(1).default('authorization').describe('Header that carries the key.'),
    scheme: z.string().default('Bearer').describe('Stands before the key; empty: the bare key.'),
    helpUrl: httpsUrl.optional().describe('Where people get a key.'),
  })
  .describe('A key of each person, or one for all.')

/** One curated upstream: a file of `catalog/`. */
export const catalogEntrySchema = z
  .strictObject({
    $schema: z.string().optional(),
    id: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
      .describe('Name of the file, and of the route.'),
    name: z.string().min(1).describe('Name for people.'),
    summary: z.string().min(1).describe('What it offers, in one sentence.'),
    url: httpsUrl.describe('URL of the MCP endpoint.'),
    auth: z
      .array(z.discriminatedUnion('kind', [none, oauth, apiKey]))
      .min(1)
      .describe('Ways to authenticate, the recommended one first.'),
    headers: z
      .array(z.strictObject({ name: z.string().min(1), what: z.string().min(1) }))
      .default([])
      .describe('Request headers that change what it does; set them with set-headers-inbound.'),
    quirks: sentences.describe('What surprises people.'),
    docs: httpsUrl.optional().describe('Documentation of the vendor; nobody opened it where `verified` has no date.'),
    icon: z
      .string()
      .regex(/^[a-z0-9-]+$/)
      .describe('Name of the icon.'),
    verified: z
      .union([z.iso.date(), z.literal('unverified')])
      .describe(
        'When URL and ways to authenticate were last compared with the documentation in `source`; nobody called the upstream.',
      ),
    source: z
      .string()
      .min(1)
      .describe('Where the facts come from: a URL of documentation, or what they were compiled from.'),
  })
  .refine(({ verified, source }) => verified === 'unverified' || URL.canParse(source), {
    error: 'a date needs the documentation that was read',
    path: ['source'],
  })
  .refine(({ auth }) => new Set(auth.map(({ kind }) => kind)).size === auth.length, {
    error: 'lists one kind twice',
    path: ['auth'],
  })

export type CatalogEntry = z.output<typeof catalogEntrySchema>
export type CatalogAuth = CatalogEntry['auth'][number]
