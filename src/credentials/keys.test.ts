import { execFile } from 'node:child_process'
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  addKeyToFile,
  generateVaultKey,
  isKeyFileExposed,
  loadOrCreateKeyFile,
  parseVaultKeys,
  VaultKeyError,
} from './keys.ts'

const runFile = promisify(execFile)
const encoded = Buffer.alloc(32, 7).toString('base64')

function messageOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(VaultKeyError)
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

describe('parseVaultKeys', () => {
  test('reads a list in order, with commas, line ends and comment lines, padded or not', () => {
    const keys = parseVaultKeys(
      `# rotated in May\nnew:${encoded}\nold:${encoded.replace('=', '')}, x:${encoded}`,
      'test',
    )
    expect(keys.map((key) => key.id)).toEqual(['new', 'old', 'x'])
    expect(keys.every((key) => key.bytes.equals(Buffer.alloc(32, 7)))).toBe(true)
  })

  test.each([
    ['', /KEYS contains no vault key\. Make one with/],
    [encoded, /key 1 has no id/],
    [`k1:${encoded.slice(4)}`, /key 1 is not 32 bytes/],
    [`k1:${encoded},k2:${encoded.replace('B', '*')}`, /key 2 is not 32 bytes/],
    [`k 1:${encoded}`, /key 1 has no id/],
    [`k.1:${encoded}`, /an id is 1 to 32 letters/],
    [`k1:${encoded},k1:${encoded}`, /two vault keys have the id "k1"/],
  ])('refuses %j and never repeats a key', (text, expected) => {
    const message = messageOf(() => parseVaultKeys(text, 'KEYS'))
    expect(message).toMatch(expected)
    expect(message).not.toContain(encoded.slice(4, 20))
  })

  test('the command in the message makes a key that is accepted', async () => {
    const command = /node -p "(.*)"$/.exec(messageOf(() => parseVaultKeys('', 'KEYS')))?.[1] ?? ''
    const { stdout } = await runFile(process.execPath, ['-p', command])
    expect(parseVaultKeys(`${stdout},k1:${'A'.repeat(43)}=`, 'KEYS').map(({ id }) => id)).toEqual([
      expect.stringMatching(/^k\d{13}$/),
      'k1',
    ])
  })
})

describe('loadOrCreateKeyFile', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'keys-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('makes a private file once and reads it again', () => {
    const path = join(directory, 'data', 'vault.keys')
    const made = loadOrCreateKeyFile(path, { create: true })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700)
    expect(loadOrCreateKeyFile(path, { create: true })).toEqual(made)
    expect(readdirSync(join(directory, 'data'))).toEqual(['vault.keys'])
  })

  test('processes that start at once end with the same key', async () => {
    const path = join(directory, 'vault.keys')
    const script = `
      import { loadOrCreateKeyFile } from ${JSON.stringify(new URL('./keys.ts', import.meta.url).href)}
      console.log(loadOrCreateKeyFile(${JSON.stringify(path)}, { create: true })[0].bytes.toString('hex'))`
    const start = () => runFile(process.execPath, ['--input-type=module', '-e', script])
    const made = await Promise.all([start(), start(), start(), start()])
    expect(new Set(made.map(({ stdout }) => stdout)).size).toBe(1)
    expect(readdirSync(directory)).toEqual(['vault.keys'])
  })

  test('the command in the message about a missing file makes a private one', async () => {
    const path = join(directory, 'data/vault.keys')
    const message = messageOf(() => loadOrCreateKeyFile(path, { create: false }))
    expect(message).toContain('SALLYPORT_VAULT_KEYS')
    await runFile('sh', ['-c', /\(umask .*'\)/.exec(message)?.[0] ?? ''])
    expect(loadOrCreateKeyFile(path, { create: false })).toHaveLength(1)
    expect(isKeyFileExposed(path)).toBe(false)
  })

  test('says what to do about a broken file', () => {
    const path = join(directory, 'vault.keys')
    writeFileSync(path, 'k1:broken')
    expect(messageOf(() => loadOrCreateKeyFile(path, { create: true }))).toContain(path)
    expect(messageOf(() => loadOrCreateKeyFile(directory, { create: true }))).toMatch(/cannot be read \(EISDIR\)/)
  })
})

describe('addKeyToFile', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'keys-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('puts the key in front, keeps the text of the file, and lets nobody else read it', () => {
    const path = join(directory, 'vault.keys')
    writeFileSync(path, `# made by hand\nold:${encoded}\n`, { mode: 0o644 })
    const key = generateVaultKey()
    expect(addKeyToFile(path, key).map(({ id }) => id)).toEqual([key.id, 'old'])
    expect(readFileSync(path, 'utf8')).toContain(`# made by hand\nold:${encoded}\n`)
    expect(isKeyFileExposed(path)).toBe(false)
    expect(readdirSync(directory)).toEqual(['vault.keys'])
  })

  test('a link stays a link to the file elsewhere', () => {
    const [path, target] = [join(directory, 'vault.keys'), join(directory, 'real.keys')]
    writeFileSync(target, `old:${encoded}`)
    symlinkSync(target, path)
    addKeyToFile(path, generateVaultKey())
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(parseVaultKeys(readFileSync(target, 'utf8'), 'test')).toHaveLength(2)
  })

  test('a file that is missing or broken is left alone', () => {
    const path = join(directory, 'vault.keys')
    expect(messageOf(() => addKeyToFile(path, generateVaultKey()))).toContain('There are no vault keys')
    writeFileSync(path, 'broken')
    expect(messageOf(() => addKeyToFile(path, generateVaultKey()))).toContain('has no id')
    expect(readFileSync(path, 'utf8')).toBe('broken')
  })

  test('a place that cannot be written is named, with what to do, and the file stays', () => {
    // Permissions do not stop root. A name that leaves no room for the one it is written under at first does.
    const path = join(directory, 'k'.repeat(250))
    writeFileSync(path, `old:${encoded}`)
    expect(messageOf(() => addKeyToFile(path, generateVaultKey()))).toMatch(/cannot be written \(ENAMETOOLONG\)/)
    expect(readFileSync(path, 'utf8')).toBe(`old:${encoded}`)
  })
})
