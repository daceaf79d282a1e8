import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { VaultKey, VaultKeys } from '../contracts/key-provider.ts'
import { randomToken } from '../lib/random-id.ts'

/** Vault keys that are missing or malformed. The message says where and what to do; it never contains a key. */
export class VaultKeyError extends Error {
  override readonly name = 'VaultKeyError'
  /** True when there are no keys at all where they should be. */
  readonly isMissing: boolean

  constructor(message: string, options: { readonly isMissing?: boolean } = {}) {
    super(message)
    this.isMissing = options.isMissing === true
  }
}

const keyBytes = 32
const validId = /^[A-Za-z0-9_-]{1,32}$/
// With an id of its own each time: a second key with the id of the first is refused.
const printKey = `node -p "'k' + Date.now() + ':' + crypto.randomBytes(${keyBytes}).toString('base64')"`
/** Ends a message about keys that are missing. */
export const howToMake = `Make one with: ${printKey}`

/**
 * Reads a key list: `id:base64` entries separated by commas, spaces or line ends; `#` starts a comment line. The first
 * key is the active one. `source` names the place in errors, e.g. `SALLYPORT_VAULT_KEYS`.
 */
export function parseVaultKeys(text: string, source: string): VaultKeys {
  const entries = text
    .replace(/^[ \t]*#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
  const keys = entries.map((entry, index) => parseVaultKey(entry, index + 1, source))
  const duplicate = keys.find((key, index) => keys.findIndex((other) => other.id === key.id) !== index)
  if (duplicate) throw new VaultKeyError(`${source}: two vault keys have the id "${duplicate.id}". Give each its own.`)
  const [first, ...others] = keys
  if (!first) throw new VaultKeyError(`${source} contains no vault key. ${howToMake}`)
  return [first, ...others]
}

function parseVaultKey(entry: string, ordinal: number, source: string): VaultKey {
  const where = `${source}: vault key ${ordinal}`
  const colon = entry.indexOf(':')
  // Without a colon the entry may be the bare key, so nothing of it is repeated.
  if (colon < 0) throw new VaultKeyError(`${where} has no id. Write it as id:base64. ${howToMake}`)
  const id = entry.slice(0, colon)
  if (!validId.test(id)) {
    throw new VaultKeyError(`${where}: an id is 1 to 32 letters, digits, "-" or "_" before the colon.`)
  }
  const encoded = entry.slice(colon + 1)
  const bytes = Buffer.from(encoded, 'base64')
  const isCanonical = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
  if (!isCanonical || bytes.length !== keyBytes) {
    throw new VaultKeyError(`${where} is not ${keyBytes} bytes in base64. ${howToMake}`)
  }
  return { id, bytes }
}

/** A new random key. Its id says when it was made. */
export function generateVaultKey(): VaultKey {
  const day = new Date().toISOString().slice(0, 10)
  return { id: `k${day}-${randomBytes(4).toString('hex')}`, bytes: randomBytes(keyBytes) }
}

/** One line of a key list. */
function formatVaultKey({ id, bytes }: VaultKey): string {
  return `${id}:${bytes.toString('base64')}\n`
}

/** What to do when the key file does not exist. */
export interface KeyFileOptions {
  /** Write a new file with one random key (mode 0600) instead of failing. */
  readonly create: boolean
}

/** Puts a new key in front of those in the file, which appears changed or unchanged, never half. Returns all of them. */
export function addKeyToFile(path: string, key: VaultKey): VaultKeys {
  const present = readKeyFile(path)
  if (present === undefined) throw new VaultKeyError(`There are no vault keys at ${path}.`)
  parseVaultKeys(present, path)
  replaceKeyFile(path, formatVaultKey(key) + present)
  return parseVaultKeys(readKeyFile(path) ?? '', path)
}

/** True when others than the owner of the file may read it. */
export function isKeyFileExposed(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false })
  return status !== undefined && (status.mode & 0o077) !== 0
}

/**
 * Reads the vault keys from the file at `path`, or makes it. Safe against two processes that start at once: both end
 * with the same keys. Throws a `VaultKeyError` when the file is missing, unreadable or malformed.
 */
export function loadOrCreateKeyFile(path: string, options: KeyFileOptions): VaultKeys {
  const existing = readKeyFile(path)
  if (existing !== undefined) return parseVaultKeys(existing, path)
  if (!options.create) {
    throw new VaultKeyError(
      `There are no vault keys at ${path}. \`sallyport dev\` makes that file when it starts. To make it yourself: ` +
        `(umask 077; mkdir -p '${dirname(path)}'; ${printKey} > '${path}'). Or set SALLYPORT_VAULT_KEYS.`,
      { isMissing: true },
    )
  }
  createKeyFile(path, formatVaultKey(generateVaultKey()))
  return parseVaultKeys(readKeyFile(path) ?? '', path)
}

function readKeyFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new VaultKeyError(`The vault keys at ${path} cannot be read (${code}). Let this user read the file.`)
  }
}

/** The file appears complete or not at all, and the first of two writers wins: link() fails where the name is taken. */
function createKeyFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = writeBeside(path, text)
  try {
    linkSync(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(temporary)
  }
}

function replaceKeyFile(path: string, text: string): void {
  // A link to a file elsewhere stays one.
  const target = realpathSync(path)
  let temporary: string | undefined
  try {
    temporary = writeBeside(target, text)
    renameSync(temporary, target)
    syncDirectory(dirname(target))
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true })
    const { code } = error as NodeJS.ErrnoException
    throw new VaultKeyError(
      `The vault keys at ${path} cannot be written (${code}). Put a new key in front of the others yourself and run this again. ${howToMake}`,
    )
  }
}

function writeBeside(path: string, text: string): string {
  const temporary = `${path}.${randomToken(8)}`
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
  return temporary
}

/** The new name is on disk only when its directory is. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
