import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import * as sqlite from 'node:sqlite'
import type { SqlDatabase } from '../../contracts/sql-database.ts'
import { StorageError } from '../storage-error.ts'

export interface OpenDatabaseOptions {
  /**
   * What survives a power cut. `full`: every committed write (synchronous=FULL). `normal`: all but the last moments.
   * A killed process loses no committed write with either. Default `full`.
   */
  readonly durability?: 'full' | 'normal'
  /** Opens an existing file for reading only. Default false. */
  readonly readOnly?: boolean
  /** How long a statement waits for another process that writes, in milliseconds; it holds the thread. Default 5,000. */
  readonly busyTimeoutMs?: number
}

// node:sqlite renames DatabaseSync to Database within Node 26; the old name stays as an alias.
const { Database = sqlite.DatabaseSync } = sqlite as typeof sqlite & { Database?: typeof sqlite.DatabaseSync }

/**
 * Opens the SQLite file at `path`, creating it (mode 0600) and its directory (mode 0700) where they are missing.
 * Several processes may have it open at once. Throws a `StorageError` when the file cannot be opened or is damaged.
 */
export function openDatabase(path: string, options: OpenDatabaseOptions = {}): SqlDatabase {
  const readOnly = options.readOnly ?? false
  if (readOnly && !existsSync(path)) throw new StorageError(`There is no database at ${path}. Start the gateway once.`)
  try {
    if (!readOnly) createPrivateFile(path)
    return connect(path, { durability: 'full', readOnly, busyTimeoutMs: 5000, ...options })
  } catch (error) {
    throw explainOpenError(path, error)
  }
}

function connect(path: string, { durability, readOnly, busyTimeoutMs }: Required<OpenDatabaseOptions>): SqlDatabase {
  const database = new Database(path, { readOnly, timeout: busyTimeoutMs })
  try {
    // The wait for other processes must be in place before the switch to WAL: that switch needs the file for itself.
    database.exec(`pragma busy_timeout=${busyTimeoutMs}`)
    if (!readOnly) {
      database.exec('pragma journal_mode=wal')
      database.exec(`pragma synchronous=${durability}; pragma journal_size_limit=67108864`)
    }
    database.prepare('select count(*) from sqlite_schema').get()
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLite gives its -wal and -shm files the mode of the database, so the file is made before SQLite sees it. */
function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  if ((statSync(path).mode & 0o077) === 0) return
  try {
    chmodSync(path, 0o600)
  } catch {
    // A mounted volume may belong to somebody else and still be writable; its owner decides who reads it.
  }
}

const notADatabase = 26
const corrupt = 11
const busy = 5

function explainOpenError(path: string, error: unknown): StorageError {
  const message = error instanceof Error ? error.message : String(error)
  const { errcode, code } = error as { errcode?: number; code?: string }
  if (errcode === notADatabase || errcode === corrupt) {
    return new StorageError(
      `The database ${path} is damaged (${message}). Stop every gateway that uses it, move the file away together ` +
        'with its -wal and -shm files, and restore a backup. Without a backup the gateway starts empty: ' +
        'everybody signs in again.',
      { cause: error },
    )
  }
  if (errcode === busy) {
    return new StorageError(`The database ${path} is locked by another process. Stop it and try again.`, {
      cause: error,
    })
  }
  const remedy = `Check that its directory exists and that this user may write to it.`
  return new StorageError(`The database ${path} cannot be opened (${code ?? 'error'}: ${message}). ${remedy}`, {
    cause: error,
  })
}
