import type { HandlerType } from '../contracts/handler.ts'
import type { VaultSecrets } from '../contracts/key-provider.ts'
import type { PolicyType } from '../contracts/policy.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import type { SignInSettings, VirtualServer } from '../contracts/virtual-server.ts'
import type { Pins } from '../mcp/definitions/pins-file.ts'
import type { NamedVariable } from './named-variable.ts'
import type { Settings } from './project-schema.ts'
import type { PropagationMode } from './settings/telemetry.ts'

/** Where something stands in a project file. Line and column count from 1. */
export interface Position {
  /** Relative to the project directory. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Something wrong with a project, for people: where it is, what is wrong, what to write instead. */
export interface Problem extends Position {
  readonly severity: 'error' | 'warning'
  /** e.g. `paths./mcp/x.post.x-gateway-route.policies.inbound[1]`; empty for a whole file. */
  readonly path: string
  readonly message: string
  /** What to write instead, if there is a likely answer. */
  readonly remedy: string | undefined
}

/** One entry of policies.json with its options checked. */
export interface PolicySpec {
  readonly name: string
  readonly type: PolicyType
  readonly options: unknown
  /** Variables of the environment that its options name. Paths start at the options. */
  readonly variables: readonly NamedVariable[]
}

/** Which browser pages of other origins may call a route, per `corsPolicies` in policies.json. */
export interface CorsPolicy {
  readonly name: string
  /** `*` or origins; `https://*.example.com` matches one label. */
  readonly allowedOrigins: readonly string[]
  readonly allowedMethods: readonly string[]
  readonly allowedHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly maxAgeSeconds: number
  readonly allowCredentials: boolean
}

/** One operation of the OpenAPI files, bound to its policies and its handler. */
export interface RouteSpec {
  readonly path: string
  /** Answers only as a member of other routes, not on its path. */
  readonly internal: boolean
  /** Upper-case HTTP methods that the project declares. */
  readonly methods: readonly string[]
  readonly operationId: string
  readonly title: string
  readonly description: string | undefined
  /** The only tenant that may use it; undefined: every one. */
  readonly tenant: string | undefined
  /** What its upstream is told of traces; undefined: what the project says. */
  readonly propagation: PropagationMode | undefined
  readonly handler: {
    readonly type: HandlerType
    readonly options: unknown
    /** Variables of the environment that its options name. Paths start at the options. */
    readonly variables: readonly NamedVariable[]
    /** What it is given of the environment. */
    readonly environment: { readonly [name: string]: string }
  }
  readonly inbound: readonly PolicySpec[]
  readonly cors: CorsPolicy | undefined
  readonly upstreamUrl: string
  /** With whose credential the upstream is reached; undefined when no policy says. */
  readonly upstream: UpstreamSettings | undefined
  /** Present on MCP routes. */
  readonly virtualServer: VirtualServer | undefined
}

/** A whole project, checked: the immutable snapshot that a gateway runs. */
export interface Project {
  /** Absolute path. */
  readonly directory: string
  readonly mode: 'dev' | 'start'
  readonly settings: Settings
  /** Variables of the environment that the settings name. */
  readonly settingsVariables: readonly NamedVariable[]
  /** Issuer and origin of every absolute URL. No trailing slash. */
  readonly publicUrl: string
  readonly routes: readonly RouteSpec[]
  /** Routes with `"enabled": false`: in order like the others, and not served. */
  readonly switchedOff: readonly RouteSpec[]
  /** Entries of policies.json that no route names. */
  readonly idlePolicies: readonly PolicySpec[]
  /** Variables of the environment that `corsPolicies` of policies.json names. */
  readonly corsVariables: readonly NamedVariable[]
  readonly virtualServers: readonly VirtualServer[]
  /** Undefined when no route signs people in. */
  readonly signIn: SignInSettings | undefined
  readonly vaultSecrets: VaultSecrets
  /** Values of the environment variables that the files name, by name: wherever one is in an option, it is not for everybody's eyes. */
  readonly environmentValues: ReadonlyMap<string, string>
  /** What is pinned of upstreams, by virtual server. */
  readonly pins: Pins
  /** SHA-256 over all project files: equal hashes, equal projects. */
  readonly contentHash: string
  readonly warnings: readonly Problem[]
}
