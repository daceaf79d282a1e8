/** Rooms below the product: what every other room stands on. */
const ground = ['lib', 'errors', 'contracts']

/** Rooms of the product that may use each other, as long as no cycle of files comes of it. */
const product = [
  'config',
  'http',
  'mcp',
  'oauth',
  'identity',
  'credentials',
  'limits',
  'analytics',
  'telemetry',
  'storage',
  'registry',
  'audit',
]

const everythingBelow = [...ground, ...product, 'policies', 'handlers', 'pipeline', 'admin']

/**
 * Who may import whom. A room is a folder of `src`, or a file directly in it. Every room may import itself.
 * Tests beside a file (`x.test.ts`) may import what they need; nothing imports a test.
 */
export const mayImport: { readonly [room: string]: readonly string[] } = {
  lib: [],
  errors: ['lib'],
  contracts: ['lib', 'errors'],

  config: [...ground, ...product],
  http: [...ground, ...product],
  mcp: [...ground, ...product],
  oauth: [...ground, ...product],
  identity: [...ground, ...product],
  credentials: [...ground, ...product],
  limits: ground,
  analytics: ground,
  telemetry: [...ground, 'analytics'],
  storage: ground,
  registry: [...ground, ...product],
  audit: [...ground, ...product],

  policies: [...ground, ...product],
  handlers: [...ground, ...product],
  pipeline: [...ground, ...product, 'policies', 'handlers'],
  admin: [...ground, ...product, 'policies', 'handlers', 'pipeline'],

  'events-thread.ts': ['analytics', 'storage', 'lib'],
  'open-events.ts': [...ground, ...product, 'events-thread.ts'],
  'open-stores.ts': [...everythingBelow, 'open-events.ts'],
  'open-exports.ts': everythingBelow,
  'open-alerts.ts': everythingBelow,
  'serve-gateway.ts': everythingBelow,
  workers: [...ground, ...product],
  'gateway.ts': [
    ...everythingBelow,
    'open-alerts.ts',
    'open-exports.ts',
    'open-stores.ts',
    'serve-gateway.ts',
    'workers',
  ],
  'index.ts': [...everythingBelow, 'gateway.ts'],
  cli: [...everythingBelow, 'open-events.ts', 'workers', 'gateway.ts', 'index.ts'],
  'main.ts': ['cli', 'lib', 'errors'],
}

/** Why the table says no, and what to do instead; the first entry whose room imports is shown. */
export const roomAdvice: { readonly [room: string]: string } = {
  lib: 'lib holds leaves that know nothing of the product. Pass the value in, or move the file to the room whose words it uses.',
  errors: 'errors only declares what can go wrong. Put the behaviour where the error is thrown or rendered.',
  contracts: 'contracts are types that both sides meet at. Declare the shape here and let the room implement it.',
  limits: 'this room is a driver behind a contract. Take what it needs through contracts/ and wire it in gateway.ts.',
  analytics:
    'this room is a driver behind a contract. Take what it needs through contracts/ and wire it in gateway.ts.',
  telemetry:
    'this room is a driver behind a contract. Take what it needs through contracts/ and wire it in gateway.ts.',
  storage: 'this room is a driver behind a contract. Take what it needs through contracts/ and wire it in gateway.ts.',
}

export const defaultAdvice =
  'Imports point downwards only. Declare a contract in contracts/ that the lower room calls, or move the code up; gateway.ts wires them.'

/** Folders that must not know each other although their rooms may. Checked both ways. */
export const strangers: readonly { readonly left: string; readonly right: string; readonly why: string }[] = [
  {
    left: 'oauth/authorization-server',
    right: 'credentials',
    why: 'One faces clients, the other faces upstreams; a token must never cross. They meet in gateway.ts through a contract.',
  },
]

/** Rooms whose folders never import each other; only the room's own files (`index.ts`) may list them. */
export const separateFolders: { readonly [room: string]: string } = {
  policies: 'A policy stands alone. Move what two policies need to lib/, contracts/ or the room it belongs to.',
  handlers: 'A handler stands alone. Move what two handlers need to http/, mcp/ or lib/.',
}

/** Modules that only some places may import. `places` are prefixes of paths below src. */
export const reservedModules: readonly {
  readonly module: RegExp
  readonly places: readonly string[]
  readonly why: string
}[] = [
  {
    module: /^(node:)?crypto$/,
    places: ['lib/', 'oauth/', 'credentials/'],
    why: 'Cryptography is reviewed in few places. Use lib/hash.ts, lib/random-id.ts or the vault.',
  },
  {
    module: /^(node:)?sqlite$/,
    places: ['storage/sqlite/'],
    why: 'Only the SQLite adapter knows SQLite. Use the contract in contracts/storage.ts or contracts/sql-database.ts.',
  },
  {
    module: /^lru-cache$/,
    places: ['lib/', 'analytics/'],
    why: 'With `max` the package takes memory for as many entries at once, on every route. Use lib/lru.ts.',
  },
  {
    module: /^pg$/,
    places: ['storage/postgres/'],
    why: 'Only the PostgreSQL adapter knows PostgreSQL. Use the contract in contracts/sql-pool.ts.',
  },
  {
    module: /^oidc-provider($|\/)/,
    places: ['oauth/authorization-server/'],
    why: 'The library behind the authorization server is a detail of that folder.',
  },
  {
    module: /^(openid-client|oauth4webapi|jose)($|\/)/,
    places: ['identity/', 'credentials/oauth-client/'],
    why: 'Only identity speaks to identity providers, and the OAuth client to authorization servers of upstreams. Use their functions.',
  },
  {
    module: /^@modelcontextprotocol\//,
    places: ['credentials/'],
    why: 'The SDK drops members it does not know and is slow; MCP messages are ours (docs/adr/0004). It may help with OAuth discovery only.',
  },
  {
    module: /^(node:)?process$/,
    places: ['config/', 'cli/', 'main.ts'],
    why: 'It is a second way to process.env. The global process has everything else.',
  },
  {
    module: /^(commander|@clack\/prompts)$/,
    places: ['cli/'],
    why: 'Only the command line talks to a terminal.',
  },
]

/** Globals that only some places may use; searched in code without comments and strings. */
export const reservedGlobals: readonly {
  readonly name: string
  readonly code: RegExp
  readonly places: readonly string[]
  readonly why: string
}[] = [
  {
    name: 'the global fetch',
    code: /(?<![\w$.#]|\bfunction\s|\basync\s)fetch\s*\(|\bglobalThis\s*\.\s*fetch\b/g,
    places: [],
    why: 'It has no guard, no limits and costs three times the CPU. Use http/send-upstream.ts for calls, http/fetch-document.ts for metadata.',
  },
  {
    name: 'process.env',
    code: /\bprocess\s*\??\.?\s*(?:env\b|\[\s*['"] *['"]\s*\])|\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/g,
    places: ['config/', 'cli/', 'main.ts'],
    why: 'Settings come from the project, where they are checked and shown. Read the variable in config/ and pass the value.',
  },
]

/** Names that say nothing about what is inside. Whole names of files and folders, or the last word of one. */
export const emptyNames = {
  whole: new Set(['utils', 'util', 'helpers', 'helper', 'common', 'service', 'services', 'misc', 'shared']),
  lastWord: new Set(['utils', 'util', 'helpers', 'helper', 'common', 'service', 'services', 'misc']),
}
