import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import { type GatewayOptions, type ReloadResult, startGateway } from '../../src/gateway.ts'
import { openDatabase } from '../../src/storage/sqlite/open-database.ts'
import { readEvents } from './stored-events.ts'
import { waitUntil } from './wait-until.ts'
import { createProject, type TestProject, writeProject } from './write-project.ts'

/** A gateway that runs in the process of the test, with a project of its own. */
export interface TestGateway {
  readonly publicUrl: string
  readonly directory: string
  /** URL of the virtual server of that name. */
  server(name: string): string
  /** Overwrites the project and reloads it. */
  reload(project: TestProject): Promise<ReloadResult>
  /** All events written so far, oldest first. */
  events(): readonly GatewayEvent[]
  /** Waits for an event that matches and returns it. */
  waitForEvent(matches: (event: GatewayEvent) => boolean): Promise<GatewayEvent>
  /** Stops and starts the gateway again on the same project, store and port. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Starts a real gateway on a free port of 127.0.0.1. */
export async function startTestGateway(
  project: TestProject,
  options: Pick<GatewayOptions, 'clientDocumentUrl'> = {},
): Promise<TestGateway> {
  const directory = await createProject(project)
  const start = () => startGateway({ projectDirectory: directory, mode: 'dev', ...options })
  let gateway = await start()
  const { publicUrl } = gateway
  // Port 0 until a restart, which must come back where clients know it; a reload may not change the listener.
  let listen = { port: 0 }
  const pinned = (next: TestProject): TestProject => ({ ...next, settings: { ...next.settings, listen } })
  const events = () => readAllEvents(directory)
  return {
    publicUrl,
    directory,
    server: (name) => `${publicUrl}/mcp/${name}`,
    reload: async (next) => {
      await writeProject(directory, pinned(next))
      return gateway.reload()
    },
    events,
    waitForEvent: (matches) => waitUntil('an event', () => events().find(matches)),
    restart: async () => {
      await gateway.close()
      listen = { port: Number(new URL(publicUrl).port) }
      await writeProject(directory, pinned(project))
      gateway = await start()
    },
    close: async () => {
      await gateway.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The events of a project's store, oldest first; also while a gateway writes to it. */
export function readAllEvents(directory: string): readonly GatewayEvent[] {
  const database = openDatabase(join(directory, 'data/events.db'), { readOnly: true })
  try {
    return readEvents(database, { limit: 100_000, afterRowId: 0 }).map(({ event }) => event)
  } finally {
    database.close()
  }
}
