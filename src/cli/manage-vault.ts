import { countKeyUse, damaged, type KeyUse, keysInUse } from '../credentials/rewrap.ts'
import { type RotationProgress, type RotationResult, rotateVault } from '../credentials/rotate-vault.ts'
import { printAnswer } from './command-group.ts'
import { formatTable } from './format-table.ts'
import { withStore } from './open-store.ts'
import { listSealedCollections } from './sealed-collections.ts'

/** Running gateways look for news twice a second; a key service takes its time to answer. */
const settleMs = 1500

/** Makes a new vault key, or goes on with an earlier rotation, and wraps every secret under it. */
export async function rotateKeys(directory: string, options: { newKey?: boolean; json?: boolean }): Promise<void> {
  const result = await withStore(directory, async ({ storage, openVault, record }) => {
    const { vault, provider } = await openVault({ sealsNothing: true })
    const rotated = await rotateVault({
      provider,
      vault,
      values: storage.sealed,
      revocations: storage.revocations,
      collections: listSealedCollections(storage),
      newKey: options.newKey === true,
      settleMs,
      onProgress: reportProgress(),
    })
    await record([{ type: 'auth_vault_rotated', clientId: rotated.activeKey }])
    return rotated
  })
  const { activeKey, isNewKey, moved, failures } = result
  printAnswer(options.json, { activeKey, isNewKey, moved, failures }, describeRotation(result))
  if (failures.length > 0) process.exitCode = 1
}

/** Lists the vault keys with what is sealed under each; also when some of them are missing, which is when it is needed most. */
export async function showKeys(directory: string, options: { json?: boolean }): Promise<void> {
  const { keys, problem } = await withStore(directory, async ({ storage, openVault }) => {
    const uses = await countKeyUse(listSealedCollections(storage))
    try {
      const { vault } = await openVault({ sealsNothing: true })
      return { keys: describeKeys(vault.keyIds, uses), problem: undefined }
    } catch (error) {
      if (!(error instanceof Error)) throw error
      return { keys: describeKeys([], uses), problem: error.message }
    }
  })
  const rows = keys.map(({ id, state, secrets, what }) => [id, advice[state], String(secrets), what])
  const table = rows.length === 0 ? 'no vault key is in use' : formatTable(['KEY', 'STATE', 'SECRETS', 'WHAT'], rows)
  printAnswer(options.json, { keys, problem: problem ?? null }, table)
  if (problem === undefined) return
  process.stderr.write(`\n${problem}\n`)
  process.exitCode = 1
}

const advice = {
  active: 'active',
  needed: 'needed',
  idle: 'can be removed',
  damaged: 'no sealed record',
} as const

function describeKeys(keyIds: readonly string[], uses: readonly KeyUse[]) {
  const [active] = keyIds
  const ids = new Set([...keyIds, ...keysInUse(uses)])
  return [...ids].map((id) => {
    const counts = uses.map(({ collection, counts: all }) => ({ collection, count: all.get(id) ?? 0 }))
    const secrets = counts.reduce((sum, { count }) => sum + count, 0)
    const state: keyof typeof advice =
      id === active ? 'active' : id === damaged ? 'damaged' : secrets > 0 ? 'needed' : 'idle'
    const what = counts.flatMap(({ collection, count }) => (count > 0 ? [`${count} ${collection}`] : []))
    return { id, state, secrets, what: what.join(', ') || '–' }
  })
}

function describeRotation({ activeKey, isNewKey, moved, failures, uses }: RotationResult): string {
  const made = isNewKey ? `new vault key ${activeKey}` : `finished the rotation to ${activeKey}`
  const lines = [`${made}; ${moved} secret${moved === 1 ? '' : 's'} wrapped under it`]
  const stillNeeded = [...keysInUse(uses)].filter((id) => id !== activeKey && id !== damaged)
  if (failures.length > 0) {
    lines.push(`${failures.length} could not be wrapped and were left as they are:`)
    lines.push(...failures.slice(0, 20).map(({ collection, name, message }) => `  ${collection}: ${name}: ${message}`))
  }
  if (stillNeeded.length > 0) lines.push(`still needed: ${stillNeeded.join(', ')}`)
  else lines.push('no secret needs a former key; keep them as long as you keep backups from before')
  return lines.join('\n')
}

/** One line for each step, and for each thousand secrets, apart from the answer. */
function reportProgress(): (progress: RotationProgress) => void {
  let moved = 0
  return (progress) => {
    if (progress.step === 'moved') {
      moved += 1
      if (moved % 1000 === 0) process.stderr.write(`${moved} secrets wrapped (${progress.collection})\n`)
    } else if (progress.step === 'key_made') process.stderr.write(`made the vault key ${progress.keyId}\n`)
    else process.stderr.write(`an earlier rotation to ${progress.keyId} goes on\n`)
  }
}
