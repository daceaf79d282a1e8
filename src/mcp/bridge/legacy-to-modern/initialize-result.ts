import { isJsonObject, type JsonObject, objectMember, omitMembers } from '../../../lib/json.ts'
import { serverInfoKey } from '../../eras/2026-07-28/check-envelope.ts'
import { agreeOnLegacyVersion } from '../../protocol-versions.ts'
import { withoutTasks } from './client-capabilities.ts'

/** Members of DiscoverResult that InitializeResult does not have. */
const discoverOnly = ['resultType', 'supportedVersions', 'ttlMs', 'cacheScope', 'capabilities', '_meta']

/**
 * `initialize` answered from what the upstream said to `server/discover`. `hasStream`: the client can open a GET stream here; without one
 * nothing is promised that would arrive on it.
 */
export function initializeResult(
  discovered: JsonObject,
  requested: string | undefined,
  hasStream: boolean,
): JsonObject {
  const { [serverInfoKey]: serverInfo, ...meta } = objectMember(discovered, '_meta') ?? {}
  return {
    protocolVersion: agreeOnLegacyVersion(requested),
    capabilities: legacyServerCapabilities(objectMember(discovered, 'capabilities') ?? {}, hasStream),
    serverInfo: isJsonObject(serverInfo) ? serverInfo : { name: 'unknown', version: '' },
    ...omitMembers(discovered, ...discoverOnly),
    ...(Object.keys(meta).length > 0 && { _meta: meta }),
  }
}

function legacyServerCapabilities(capabilities: JsonObject, hasStream: boolean): JsonObject {
  const entries = Object.entries(capabilities).map(([name, value]): [string, unknown] => {
    if (!isJsonObject(value)) return [name, value]
    if (name === 'extensions') return [name, withoutTasks(value)]
    return [name, hasStream ? value : omitMembers(value, 'listChanged', 'subscribe')]
  })
  return Object.fromEntries(entries)
}
