import { Command } from 'commander'
import { commandGroup } from '../command-group.ts'

/** `sallyport vault`: the keys that seal secrets at rest. */
export function vaultCommand(): Command {
  return commandGroup(
    'vault',
    'Rotate the vault keys, which seal every secret in the store, and see which of them are needed.',
    [rotateCommand(), statusCommand()],
    '\nWorks beside running gateways.\n\nExamples:\n  $ sallyport vault status\n  $ sallyport vault rotate',
  )
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description(
      'Make a new vault key and wrap every secret under it while gateways run. After an interruption, run it again: it goes on.',
    )
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--new-key', 'Make a new key even if an earlier rotation is not finished.')
    .option('--json', 'Print the result as JSON.')
    .addHelpText(
      'after',
      '\nKeys in SALLYPORT_VAULT_KEYS are yours to change: put a new one in front, restart every gateway, then run this.\nExits with 1 when a secret could not be wrapped anew.\n\nExamples:\n  $ sallyport vault rotate /etc/sallyport',
    )
    .action(async (directory: string, options) => {
      await (await import('../manage-vault.ts')).rotateKeys(directory, options)
    })
}

function statusCommand(): Command {
  return new Command('status')
    .description('List the vault keys, how many secrets are sealed under each, and which can be removed.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--json', 'Print the keys as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport vault status --json')
    .action(async (directory: string, options) => {
      await (await import('../manage-vault.ts')).showKeys(directory, options)
    })
}
