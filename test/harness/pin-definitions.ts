import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../../src/lib/json.ts'
import { entriesOf } from '../../src/mcp/definitions/hash-definition.ts'
import { formatPins, pinDefinitions, pinsFile } from '../../src/mcp/definitions/pins-file.ts'
import type { Definitions } from './upstreams/changing-upstream.ts'

/** Writes the lock file of a project, as if somebody had reviewed these definitions. */
export async function writePins(directory: string, servers: { readonly [server: string]: Definitions }): Promise<void> {
  const pins = Object.entries(servers).map(
    ([server, definitions]) =>
      [server, pinDefinitions((list) => entriesOf(list, { ...definitions }).filter(isJsonObject))] as const,
  )
  await writeFile(join(directory, pinsFile), formatPins(new Map(pins)))
}
