import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomToken } from '../lib/random-id.ts'
import type { InitAnswers } from './init-answers.ts'
import { carriedNodes, packageReference, quickstartDirectory } from './package-files.ts'

/** Contents by file name, relative to the project. */
export type ProjectFiles = ReadonlyMap<string, string>

/** The demo: an issue tracker that wants an API key, with two virtual servers in front of it. */
export async function demoFiles(): Promise<ProjectFiles> {
  const template = quickstartDirectory()
  const upstream = (await readdir(join(template, 'upstream'))).filter((name) => /(?<!\.test)\.ts$/.test(name))
  const copied = ['config/routes.oas.json', 'config/policies.json', ...upstream.map((name) => `upstream/${name}`)]
  const contents = await Promise.all(copied.map((name) => readFile(join(template, name), 'utf8')))
  return new Map([
    ...copied.map((name, index) => [name, contents[index] ?? ''] as const),
    ...commonFiles({
      env: `# Not committed. The demo's upstream and the gateway both read it.\nTRACKER_API_KEY=${randomToken()}\n`,
      // The tracker is TypeScript: an older Node of the machine cannot run it.
      manifest: {
        scripts: { upstream: 'node --env-file=.env upstream/tracker.ts' },
        optionalDependencies: carriedNodes(),
      },
      about:
        'Sallyport in front of a demo issue tracker (`upstream/`): `/mcp/tracker` has all of it, `/mcp/tracker-read-only` a part.',
      run: 'npm install\nnpm run upstream     # the demo issue tracker\nnpm run dev          # the gateway, in a second terminal',
    }),
  ])
}

/** A project with one virtual server in front of an MCP server. */
export function upstreamFiles({ name, apiKeyEnv }: InitAnswers, upstream: string): ProjectFiles {
  const env = apiKeyEnv === undefined ? '' : `# The API key of the upstream.\n${apiKeyEnv}=replace-me\n`
  return new Map([
    ['config/routes.oas.json', toJson(routesOf(name, upstream, apiKeyEnv))],
    ['config/policies.json', toJson(policiesOf(apiKeyEnv))],
    ...commonFiles({
      env: `# Not committed. Options name a variable with $env(NAME).\n${env}`,
      manifest: {},
      about: `Sallyport in front of ${upstream}, as \`/mcp/${name}\`.`,
      run: 'npm install\nnpm run dev',
    }),
  ])
}

interface CommonParts {
  readonly env: string
  /** Members of package.json besides those that every project has. */
  readonly manifest: { readonly scripts?: object; readonly optionalDependencies?: object }
  readonly about: string
  readonly run: string
}

function commonFiles({ env, manifest, about, run }: CommonParts): [name: string, content: string][] {
  const { scripts, ...others } = manifest
  const wholeManifest = {
    private: true,
    type: 'module',
    scripts: { dev: 'sallyport dev', start: 'sallyport start', check: 'sallyport check', ...scripts },
    dependencies: { sallyport: packageReference() },
    ...others,
  }
  const settings = [
    '{',
    '  "$schema": "./node_modules/sallyport/schemas/project.schema.json",',
    '  // Everything else has a default. `sallyport start` also needs "publicUrl": the https origin that clients use.',
    '  "version": 1',
    '}',
  ]
  return [
    ['sallyport.jsonc', `${settings.join('\n')}\n`],
    ['.env', env],
    ['.gitignore', 'node_modules/\ndata/\n.env\n'],
    ['package.json', toJson(wholeManifest)],
    ['README.md', describeProject(about, run)],
  ]
}

function describeProject(about: string, run: string): string {
  return `# MCP gateway

${about}

\`\`\`sh
${run}
\`\`\`

The gateway prints the line that connects Claude Code, Cursor, VS Code and other clients. While it runs in \`dev\`,
people sign in by typing a name, on this machine only; before others use it, configure an identity provider.

| file | what |
|---|---|
| \`sallyport.jsonc\` | settings |
| \`config/routes.oas.json\` | routes: which URL leads to which upstream through which policies |
| \`config/policies.json\` | policies and their options |
| \`.env\` | secrets, not committed |

\`npm run check\` tells what is wrong with them; \`npx sallyport events --follow\` what happens.
`
}

function routesOf(name: string, upstream: string, apiKeyEnv: string | undefined): object {
  const handler = { module: '$import(sallyport)', export: 'McpProxyHandler', options: { rewritePattern: upstream } }
  const inbound = ['sign-in', 'fair-use', ...(apiKeyEnv === undefined ? [] : ['upstream-key'])]
  return {
    $schema: '../node_modules/sallyport/schemas/routes.schema.json',
    openapi: '3.1.0',
    info: { title: 'MCP gateway', version: '1.0.0' },
    paths: {
      [`/mcp/${name}`]: {
        'get,post': { operationId: name, summary: name, 'x-gateway-route': { handler, policies: { inbound } } },
      },
    },
  }
}

function policiesOf(apiKeyEnv: string | undefined): object {
  const entry = (name: string, policyType: string, exportName: string, options: object) => ({
    name,
    policyType,
    handler: { module: '$import(sallyport)', export: exportName, options },
  })
  const key = { header: 'Authorization', value: `Bearer $env(${apiKeyEnv})` }
  const limit = { rateLimitBy: 'user', requestsAllowed: 600, timeWindowMinutes: 1 }
  return {
    $schema: '../node_modules/sallyport/schemas/policies.schema.json',
    policies: [
      entry('sign-in', 'mcp-oauth-inbound', 'McpOAuthInboundPolicy', { browserLogin: { url: '/oauth/dev-login' } }),
      entry('fair-use', 'rate-limit-inbound', 'RateLimitInboundPolicy', limit),
      ...(apiKeyEnv === undefined
        ? []
        : [entry('upstream-key', 'set-upstream-api-key-inbound', 'SetUpstreamApiKeyInboundPolicy', key)]),
    ],
  }
}

function toJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
