import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import { commandGroup, printAnswer } from '../command-group.ts'

const discardingMeans =
  'What was signed with a discarded key is worth nothing: people sign in again in their browser, and begin again a sign-in or a form they have open. ' +
  'Applications stay connected: their tokens are not signed but looked up; revoke grants if you do not trust them either.'

/** `sallyport signing-keys`: keys of the authorization server itself. */
export function signingKeysCommand(): Command {
  return commandGroup(
    'signing-keys',
    'Rotate the keys that sign cookies, forms and tokens.',
    [rotateCommand()],
    '\nExamples:\n  $ sallyport signing-keys rotate\n  $ sallyport signing-keys rotate --discard-former',
  )
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description(
      'Make new signing keys. Running gateways use them within a second; the old ones go on verifying, so nobody is signed out.',
    )
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--discard-former', 'Forget every older key, because one leaked: all browsers are signed out.')
    .option('--json', 'Print the id of the new key as JSON.')
    .addHelpText('after', `\n${discardingMeans}\n\nExamples:\n  $ sallyport signing-keys rotate /etc/sallyport`)
    .action(rotate)
}

/** Gateways look twice a second, and open the provider anew. */
const noticedMs = 1500

async function rotate(directory: string, options: { json?: boolean; discardFormer?: boolean }): Promise<void> {
  const { discardFormer = false, json } = options
  const [{ withStore }, { rotateServerKeys }] = await Promise.all([
    import('../open-store.ts'),
    import('../../oauth/authorization-server/signing-keys.ts'),
  ])
  const kid = await withStore(directory, async ({ storage, openVault, record }) => {
    const { vault } = await openVault()
    const add = (id: string) => storage.revocations.add([{ kind: 'signing-keys', id }])
    const tell = (id: string) => add(id).then(() => delay(noticedMs))
    const newest = await rotateServerKeys(storage.sealed, vault, { discardFormer, tell })
    await add(newest)
    await record([{ type: 'auth_keys_rotated' }])
    return newest
  })
  const meaning = discardFormer ? discardingMeans : 'The former ones go on verifying: nobody is signed out.'
  printAnswer(json, { kid }, `new signing key ${kid}; running gateways use it within a second. ${meaning}`)
}
