import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { compileProject } from '../../src/config/compile-project.ts'
import { formatProblems } from '../../src/config/format-problems.ts'
import { loadProject } from '../../src/config/load-project.ts'
import type { Project } from '../../src/config/project.ts'
import type { HandlerType } from '../../src/contracts/handler.ts'
import type { PolicyType } from '../../src/contracts/policy.ts'

/** Contents by file name, relative to the project. Objects are written as JSON, one member per line. */
export type Files = { readonly [name: string]: string | Buffer | object }

/** Writes a project into a temporary directory that goes when the test ends. */
export async function writeProject(files: Files): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-project-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) await writeProjectFile(directory, name, content)
  return directory
}

/** Writes one file of a project. */
export async function writeProjectFile(directory: string, name: string, content: Files[string]): Promise<void> {
  const path = join(directory, name)
  await mkdir(dirname(path), { recursive: true })
  const isText = typeof content === 'string' || Buffer.isBuffer(content)
  await writeFile(path, isText ? content : JSON.stringify(content, undefined, 2))
}

const limitOptions = z.strictObject({
  limit: z.int().positive(),
  by: z.enum(['user', 'ip', 'all']).default('ip'),
  match: z.array(z.union([z.string(), z.strictObject({ name: z.string(), title: z.string().optional() })])).optional(),
})
const signInOptions = z.strictObject({ devLogin: z.boolean().default(false), clientSecret: z.string().optional() })

/** Two kinds of policies that stand in for the built-in ones: the rules of a project do not depend on which there are. */
export const policyTypes: readonly PolicyType[] = [
  {
    type: 'limit-inbound',
    exportName: 'LimitPolicy',
    summary: '',
    options: limitOptions,
    reasons: [],
    create: () => ({}),
  },
  {
    type: 'sign-in-inbound',
    exportName: 'SignInPolicy',
    summary: '',
    options: signInOptions,
    reasons: [],
    create: () => ({}),
    signInSettings: (options) => ({
      accessTokenTtlSeconds: 1,
      refreshTokenTtlSeconds: 1,
      refreshTokenLeewaySeconds: 1,
      authorizationCodeTtlSeconds: 1,
      sessionTtlSeconds: 1,
      sessionIdleSeconds: 1,
      stateTtlSeconds: 1,
      cimdEnabled: true,
      devLogin: (options as z.output<typeof signInOptions>).devLogin,
    }),
  },
]

const proxyOptions = z.strictObject({ rewritePattern: z.url({ protocol: /^https?$/ }) })

export const handlerTypes: readonly HandlerType[] = [
  {
    exportName: 'McpProxyHandler',
    summary: '',
    kind: 'mcp',
    options: proxyOptions,
    create: () => {
      throw new Error('the projects of these tests do not run')
    },
    upstreamUrl: (options) => (options as z.output<typeof proxyOptions>).rewritePattern,
  },
]

/** An entry of policies.json. */
export function policy(name: string, type: 'limit' | 'sign-in', options: object = {}): object {
  const exportName = type === 'limit' ? 'LimitPolicy' : 'SignInPolicy'
  return { name, policyType: `${type}-inbound`, handler: { module: '$import(sallyport)', export: exportName, options } }
}

/** An operation with an `x-gateway-route`. */
export function operation(
  operationId: string,
  inbound: readonly string[],
  rewritePattern = 'https://up.example/mcp',
): object {
  const handler = { module: '$import(sallyport)', export: 'McpProxyHandler', options: { rewritePattern } }
  return { operationId, summary: operationId, 'x-gateway-route': { handler, policies: { inbound } } }
}

/** An OpenAPI file with these path items. */
export function openApi(paths: object): object {
  return { openapi: '3.1.0', info: { title: 'test', version: '1' }, paths }
}

export interface CompileOptions {
  readonly mode?: 'dev' | 'start'
  readonly environment?: { readonly [name: string]: string }
  readonly listenUrl?: string
}

/** Loads and compiles a project with the kinds above. */
export async function compile(directory: string, { mode = 'dev', environment = {}, listenUrl }: CompileOptions = {}) {
  return compileProject(await loadProject(directory, environment), { policyTypes, handlerTypes, mode, listenUrl })
}

/** The project, which must have no error. */
export async function compileSound(files: Files, options?: CompileOptions): Promise<Project> {
  const result = await compile(await writeProject(files), options)
  if ('problems' in result) throw new Error(formatProblems(result.problems))
  return result.project
}

/** The problems as text, warnings of a project that can run included. */
export async function describeProblems(files: Files, options?: CompileOptions): Promise<string> {
  const result = await compile(await writeProject(files), options)
  return formatProblems('problems' in result ? result.problems : result.project.warnings)
}
