import type { OperationId, OperationOf } from '../../../src/admin/operations/index.ts'

type RouteOf<Id extends OperationId> = `${OperationOf<Id>['method']} ${OperationOf<Id>['path']}`

/** Where each operation of the admin API is. The compiler compares every line with the declaration. */
export const routes: { readonly [Id in OperationId]: RouteOf<Id> } = {
  getSession: 'GET /session',
  endSession: 'DELETE /session',
  listAttention: 'GET /attention',
  listEvents: 'GET /events',
  streamEvents: 'GET /events/stream',
  getEvent: 'GET /events/{id}',
  listQuestions: 'GET /questions',
  askQuestion: 'GET /questions/{name}',
  getProject: 'GET /project',
  listVirtualServers: 'GET /virtual-servers',
  getVirtualServer: 'GET /virtual-servers/{name}',
  listUpstreams: 'GET /upstreams',
  getUpstream: 'GET /upstreams/{id}',
  probeUpstream: 'POST /upstreams/{id}/probe',
  listConnections: 'GET /connections',
  getConnection: 'GET /connections/{id}',
  removeConnection: 'DELETE /connections/{id}',
  listClients: 'GET /clients',
  createClient: 'POST /clients',
  revokeClient: 'DELETE /clients/{id}',
  listGrants: 'GET /grants',
  revokeGrant: 'DELETE /grants/{id}',
  listKeys: 'GET /keys',
  createKey: 'POST /keys',
  revokeKey: 'DELETE /keys/{id}',
  listPeople: 'GET /people',
  listTeams: 'GET /teams',
  listAudit: 'GET /audit',
  verifyAudit: 'GET /audit/verification',
}
