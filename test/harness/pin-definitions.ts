import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { formatPins, pinDefinitions, pinsFile } from '../../src/mcp/definitions/pins-file.ts'
import type { Definitions } from './upstreams/changing-upstream.ts'

/** Writes the lock file of a project, as if somebody had reviewed these definitions. */
export async function writePins(directory: string, servers: { readonly [server: string]: Definitions }): Promise<void> {
  const pins = Object.entries(servers).map(
    ([server, definitions]) => [server, pinDefinitions((list) => (definitions[list] ?? []) as JsonObject[])] as const,
  )
  await writeFile(join(directory, pinsFile), formatPins(new Map(pins)))
}
