import { type JsonObject, objectMember } from '../../../lib/json.ts'
import { supportedVersions } from '../../protocol-versions.ts'
import { stampServer } from './complete-result.ts'
import { serverCapabilities } from './map-capabilities.ts'

// What a session was begun with holds as long as the session; clients need not ask with every call.
const discoveryTtlMs = 60_000

/** The result of `server/discover` from that of `initialize`. What neither era knows passes. */
export function createDiscovery(initialized: JsonObject): JsonObject {
  const { protocolVersion: _, serverInfo, capabilities: __, ...rest } = initialized
  const discovery = {
    ...rest,
    resultType: 'complete',
    supportedVersions,
    capabilities: serverCapabilities(objectMember(initialized, 'capabilities') ?? {}),
    ttlMs: discoveryTtlMs,
    cacheScope: 'private',
  }
  return stampServer(discovery, serverInfo)
}
