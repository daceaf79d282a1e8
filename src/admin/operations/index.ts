import * as attention from './attention.ts'
import * as audit from './audit.ts'
import * as catalog from './catalog.ts'
import * as clients from './clients.ts'
import * as configuration from './configuration.ts'
import * as connections from './connections.ts'
import * as events from './events.ts'
import * as keys from './keys.ts'
import * as people from './people.ts'
import * as project from './project.ts'
import * as session from './session.ts'
import * as upstreams from './upstreams.ts'
import * as wizard from './wizard.ts'

/** Every operation of the admin API, in the order of the document. */
export const operations = [
  session.getSession,
  session.endSession,
  attention.listAttention,
  events.listEvents,
  events.streamEvents,
  events.getEvent,
  events.listQuestions,
  events.askQuestion,
  project.getProject,
  project.listVirtualServers,
  project.getVirtualServer,
  upstreams.listUpstreams,
  upstreams.getUpstream,
  upstreams.probeUpstream,
  connections.listConnections,
  connections.getConnection,
  connections.removeConnection,
  clients.listClients,
  clients.createClient,
  clients.revokeClient,
  clients.listGrants,
  clients.revokeGrant,
  keys.listKeys,
  keys.createKey,
  keys.revokeKey,
  people.listPeople,
  people.listTeams,
  catalog.listCatalog,
  catalog.getCatalogEntry,
  wizard.testUpstream,
  wizard.listSignInChoices,
  wizard.planVirtualServer,
  wizard.planSwitch,
  wizard.planRemoval,
  wizard.tryVirtualServer,
  configuration.listConfigFiles,
  configuration.getConfigFile,
  configuration.getConfigSchema,
  configuration.validateConfig,
  configuration.diffConfig,
  configuration.applyConfig,
  configuration.listConfigHistory,
  configuration.getConfigChange,
  configuration.previewRollback,
  configuration.rollbackConfig,
  audit.listAudit,
  audit.verifyAudit,
] as const

export type AnyOperation = (typeof operations)[number]
export type OperationId = AnyOperation['id']

/** The declaration with this id. */
export type OperationOf<Id extends OperationId> = Extract<AnyOperation, { readonly id: Id }>
