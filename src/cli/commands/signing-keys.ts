import { Command } from 'commander'
import { commandGroup, printAnswer } from '../command-group.ts'

/** `sallyport signing-keys`: keys of the authorization server itself. */
export function signingKeysCommand(): Command {
  return commandGroup(
    'signing-keys',
    'Rotate the keys that sign cookies, forms and tokens.',
    [rotateCommand()],
    '\nExamples:\n  $ sallyport signing-keys rotate',
  )
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description(
      'Make new signing keys. Used from the next start of the gateway; the old ones go on verifying, so nobody is signed out.',
    )
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--json', 'Print the id of the new key as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport signing-keys rotate /etc/sallyport')
    .action(rotate)
}

async function rotate(directory: string, options: { json?: boolean }): Promise<void> {
  const [{ withStore }, { rotateServerKeys }] = await Promise.all([
    import('../open-store.ts'),
    import('../../oauth/authorization-server/signing-keys.ts'),
  ])
  const kid = await withStore(directory, async ({ storage, openVault, record }) => {
    const { vault } = await openVault()
    const newest = await rotateServerKeys(storage.sealed, vault)
    await record([{ type: 'auth_keys_rotated' }])
    return newest
  })
  printAnswer(options.json, { kid }, `new signing key ${kid}; restart the gateway to use it`)
}
