// What a program that embeds the gateway, or code written against its extension points, may use.

export type { Position, Problem, Project, RouteSpec } from './config/project.ts'
export { ProjectError } from './config/project-error.ts'
export type { Exchange, UpstreamHeaders } from './contracts/exchange.ts'
export type { McpMessage, McpReply } from './contracts/mcp.ts'
export type { HttpReply, Policy, PolicyHost, PolicyType } from './contracts/policy.ts'
export type { Subject } from './contracts/subject.ts'
export { GatewayError, type RefusalDetails } from './errors/gateway-error.ts'
export { type Reason, type ReasonCode, reasons } from './errors/reasons.ts'
export { type GatewayOptions, type ReloadResult, type RunningGateway, startGateway } from './gateway.ts'
