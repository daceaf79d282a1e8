import type { Clock } from '../../contracts/clock.ts'
import type { ConfigVersionRecord, ConfigVersions } from '../../contracts/storage.ts'
import type { SealContext, SealedCollection, Vault } from '../../contracts/vault.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import { environmentFile, hashFiles, type ProjectFiles, readProjectFiles } from '../project-files.ts'
import { settleProject } from './settle-project.ts'

/** Versions that are kept. The files of a project are small and sealed compressed: tens of kilobytes each. */
const keptVersions = 300

/** Who changed the files, and why. */
export interface ChangeOrigin {
  readonly actor: string | undefined
  readonly origin: 'console' | 'rollback' | 'outside'
  readonly note?: string | undefined
}

/** What happened to the files of a project, one version after the other. `.env` is no part of it. */
export interface ConfigHistory {
  /** Adds a version if the files are not as in the newest one. Returns its id; undefined: nothing changed. One after the other. */
  note(origin: ChangeOrigin): Promise<number | undefined>
  /** Runs alone: nothing is noted meanwhile, and no other edit runs. */
  alone<T>(run: (note: ConfigHistory['note']) => Promise<T>): Promise<T>
  /** The files of a version. */
  open(record: ConfigVersionRecord): Promise<ReadonlyMap<string, string>>
}

/** What the history needs. */
export interface ConfigHistoryHost {
  readonly directory: string
  readonly versions: ConfigVersions
  readonly vault: Vault
  readonly clock: Clock
}

/** The history of a project in its store. The contents are sealed: people do write secrets into files. */
export function createConfigHistory(host: ConfigHistoryHost): ConfigHistory {
  let last: Promise<unknown> = Promise.resolve()
  const alone = <T>(run: (note: ConfigHistory['note']) => Promise<T>): Promise<T> => {
    const result = last.then(() => run((origin) => noteVersion(host, origin)))
    last = result.catch(() => undefined)
    return result
  }
  return {
    alone,
    note: (origin) => alone((note) => note(origin)),
    open: (record) => openVersion(host.vault, record),
  }
}

/** The files that edits and history are about. */
async function readEditableFiles(directory: string): Promise<ProjectFiles> {
  const { files } = await readProjectFiles(directory)
  return new Map([...files].filter(([file]) => file !== environmentFile))
}

async function noteVersion(
  { directory, versions, vault, clock }: ConfigHistoryHost,
  origin: ChangeOrigin,
): Promise<number | undefined> {
  await settleProject(directory)
  const files = await readEditableFiles(directory)
  const version = hashFiles(files)
  const latest = await versions.latest()
  if (latest?.version === version) return undefined
  const texts = new Map([...files].map(([file, bytes]) => [file, bytes.toString('utf8')]))
  const before = latest && (await openVersion(vault, latest))
  const sealed = vault.seal(await pack(texts), contextOf(version))
  const { actor, note } = origin
  const record = {
    atMs: clock(),
    actor,
    origin: latest === undefined ? ('first' as const) : origin.origin,
    note,
    version,
    changes: listChanges(before ?? new Map(), texts),
    sealed,
  }
  return versions.append(record, latest?.id, keptVersions)
}

/** What happened to each file between two versions. */
export function listChanges(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): ConfigVersionRecord['changes'] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((file) => {
    const [old, current] = [before.get(file), after.get(file)]
    if (old === current) return []
    return [{ file, change: old === undefined ? 'added' : current === undefined ? 'removed' : 'changed' }]
  })
}

async function openVersion(
  vault: Vault,
  { sealed, version }: ConfigVersionRecord,
): Promise<ReadonlyMap<string, string>> {
  const { promisify } = await import('node:util')
  const { inflateRaw } = await import('node:zlib')
  const packed = Buffer.from(vault.open(sealed, contextOf(version)), 'base64')
  const entries = JSON.parse((await promisify(inflateRaw)(packed)).toString('utf8')) as [string, string][]
  return new Map(entries)
}

async function pack(texts: ReadonlyMap<string, string>): Promise<string> {
  const { promisify } = await import('node:util')
  const { deflateRaw } = await import('node:zlib')
  return (await promisify(deflateRaw)(JSON.stringify([...texts]))).toString('base64')
}

function contextOf(version: string): SealContext {
  return { tenant: defaultTenant, kind: 'config-version', owner: 'gateway', id: version }
}

/** The versions of the configuration, for the rotation of the vault keys. */
export function collectConfigVersions(versions: ConfigVersions): SealedCollection {
  return {
    name: 'versions of the configuration',
    async page(after, limit) {
      const page = await versions.page(Number(after === '' ? 0 : after), limit)
      const entries = page.map(({ id, sealed, version }) => ({
        name: `configuration ${id}`,
        sealed,
        context: contextOf(version),
        replace: (next: string) => versions.replaceSealed(id, sealed, next),
      }))
      return { entries, next: page.length < limit ? undefined : String(page.at(-1)?.id) }
    },
  }
}
