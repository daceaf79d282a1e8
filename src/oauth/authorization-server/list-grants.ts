import type { OAuthRecord, OAuthRecords } from '../../contracts/storage.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, objectMember, stringMember } from '../../lib/json.ts'

/** What one subject allowed one client, for administration. */
export interface GrantSummary {
  readonly id: string
  readonly tenant: string
  readonly subject: string
  readonly clientId: string
  /** The name the client gave itself, if it is still known. */
  readonly clientName: string | undefined
  /** Resource identifiers with the scopes allowed there. */
  readonly resources: { readonly [resource: string]: string }
  /** Milliseconds since the epoch; undefined: unknown. */
  readonly createdAtMs: number | undefined
  readonly expiresAtMs: number | undefined
}

const mostGrants = 1_000_000

/** Every grant that holds, newest first; of one tenant or of all. */
export async function listGrants(records: OAuthRecords, tenant?: string): Promise<readonly GrantSummary[]> {
  const names = new Map<string, Promise<string | undefined>>()
  const nameOf = (clientId: string) => {
    const name = names.get(clientId) ?? findClientName(clientId, records)
    names.set(clientId, name)
    return name
  }
  const grants = (await records.list('Grant', mostGrants, tenant)).flatMap((record) => readGrant(record) ?? [])
  return Promise.all(grants.map(async (grant) => ({ ...grant, clientName: await nameOf(grant.clientId) })))
}

function readGrant(record: OAuthRecord): Omit<GrantSummary, 'clientName'> | undefined {
  const payload: unknown = JSON.parse(record.payload)
  if (!isJsonObject(payload) || record.grantId === undefined) return undefined
  const [subject, clientId] = [stringMember(payload, 'accountId'), stringMember(payload, 'clientId')]
  if (subject === undefined || clientId === undefined) return undefined
  const resources = Object.entries(objectMember(payload, 'resources') ?? {}).map(([resource, scope]) => [
    resource,
    String(scope),
  ])
  const issuedAt = payload['iat']
  return {
    id: record.grantId,
    tenant: record.tenant,
    subject,
    clientId,
    resources: Object.fromEntries(resources) as GrantSummary['resources'],
    createdAtMs: typeof issuedAt === 'number' ? issuedAt * 1000 : undefined,
    expiresAtMs: record.expiresAtMs,
  }
}

/** A registered client has a record; a client that is a document has the last good copy of it. */
async function findClientName(clientId: string, records: OAuthRecords): Promise<string | undefined> {
  const idHash = sha256(clientId)
  const record = (await records.find('Client', idHash)) ?? (await records.find('ClientMetadataDocument', idHash))
  const payload: unknown = record && JSON.parse(record.payload)
  return isJsonObject(payload) ? stringMember(payload, 'client_name') : undefined
}
